import { expected, SinglePathError } from '../core/errors.js';
import { addon } from '../runtime/addon.js';
import { callNative } from '../runtime/call.js';
import type { NativeBatch, NativeDataset, NativeLoader } from '../runtime/native.js';
import type { Normalization } from './normalize.js';

export interface AugmentOptions {
  /** Pixels of zero padding on each side before a random crop of the image's size. Default 0: no crop. */
  cropPadding?: number;
  /** Mirror left to right with probability 1/2. Default false. */
  flip?: boolean;
}

export interface LoaderOptions {
  batchSize: number;
  /** A new order each epoch. Default false: the data set's order. */
  shuffle?: boolean;
  /** Decides order and augmentation. Default 0. */
  seed?: number;
  /** Default: none. */
  augment?: AugmentOptions;
  /** Native threads that prepare batches. Default 1; the batches are the same for any number. */
  threads?: number;
  /** Batches prepared ahead. Default 4. */
  prefetch?: number;
  /** Leave out a last batch that is not full. Default false. */
  dropLast?: boolean;
  /** Positions in the data set to load. Default: all of it. */
  indices?: ArrayLike<number>;
}

/** What a loader reads: the native set, and which of its images. */
export interface LoaderInput {
  native: NativeDataset;
  indices: Uint32Array;
  normalization: Normalization;
}

/** (epoch, image) is the counter of the augmentation's random numbers, below 2^53 for src/core/rng.ts: 32 bits are the image's. */
const LAST_EPOCH = 2 ** 21 - 1;

/**
 * Batches of a data set, prepared ahead by native threads. Each is a function of (seed, epoch, number) alone, so
 * (epoch, number) is all there is to save for resume.
 *
 * The consumer owns the batches: `dispose()` them when used (garbage collection does so late).
 */
export class DataLoader implements Disposable {
  readonly batchesPerEpoch: number;
  readonly #input: LoaderInput;
  readonly #options: Required<Omit<LoaderOptions, 'indices' | 'augment'>> & Required<AugmentOptions>;
  readonly #running = new Set<NativeLoader>();
  #disposed = false;

  /** @throws SinglePathError `INVALID_ARGUMENT`; an epoch without a batch is an error, too. */
  constructor(input: LoaderInput, options: LoaderOptions) {
    const {
      batchSize,
      shuffle = false,
      seed = 0,
      augment = {},
      threads = 1,
      prefetch = 4,
      dropLast = false,
    } = options;
    const { cropPadding = 0, flip = false } = augment;
    const [, height, width] = input.native.shape;
    checkInteger('batchSize', batchSize, 1);
    checkInteger('seed', seed, 0);
    checkInteger('threads', threads, 1, 256);
    checkInteger('prefetch', prefetch, 1, 4096);
    checkInteger('augment.cropPadding', cropPadding, 0, Math.min(height, width));
    this.#input = input;
    this.#options = { batchSize, shuffle, seed, threads, prefetch, dropLast, cropPadding, flip };
    const batches = input.indices.length / batchSize;
    this.batchesPerEpoch = dropLast ? Math.floor(batches) : Math.ceil(batches);
    if (this.batchesPerEpoch === 0) {
      throw expected(`at most ${input.indices.length} images a batch`, 'batchSize', batchSize, {
        hint: 'with dropLast, a batch larger than the data set leaves none',
      });
    }
  }

  /**
   * The batches of one epoch in order, from number `firstBatch`. Preparing starts with the first `next()` and ends
   * with the iteration, however it ends. Several iterations may run at once.
   *
   * @throws SinglePathError while iterating: `ABORTED` when `signal` is raised, `DISPOSED`.
   */
  epoch(epoch: number, firstBatch = 0, signal?: AbortSignal): AsyncGenerator<NativeBatch, void, undefined> {
    checkInteger('epoch', epoch, 0, LAST_EPOCH);
    checkInteger('firstBatch', firstBatch, 0, this.batchesPerEpoch);
    return this.#iterate(epoch, firstBatch, signal);
  }

  /** Batches without end: number `step` of the concatenated epochs and all that follow. */
  async *from(step: number, signal?: AbortSignal): AsyncGenerator<NativeBatch, never, undefined> {
    checkInteger('step', step, 0);
    let first = step % this.batchesPerEpoch;
    for (let epoch = Math.floor(step / this.batchesPerEpoch); ; epoch++, first = 0) {
      yield* this.epoch(epoch, first, signal);
    }
  }

  /** Stops all iterations; their waiting `next()` reject with `DISPOSED`. */
  dispose(): void {
    this.#disposed = true;
    for (const native of this.#running) native.dispose();
    this.#running.clear();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  async *#iterate(epoch: number, firstBatch: number, signal?: AbortSignal) {
    if (this.#disposed) throw new SinglePathError('DISPOSED', 'The loader was used after dispose()');
    if (signal?.aborted)
      throw new SinglePathError('ABORTED', 'Aborted before it started', { cause: signal.reason });
    const { native, indices, normalization } = this.#input;
    const source = { ...this.#options, ...normalization, indices, epoch, firstBatch };
    const loader = callNative(() => new (addon().Loader)(native, source));
    const onAbort = () => loader.cancel();
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#running.add(loader);
    try {
      for (;;) {
        const batch = await callNative(() => loader.next());
        if (batch === null) return;
        yield batch;
      }
    } finally {
      signal?.removeEventListener('abort', onAbort);
      this.#running.delete(loader);
      loader.dispose();
    }
  }
}

function checkInteger(name: string, value: number, least: number, most = Number.MAX_SAFE_INTEGER): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  throw expected(`an integer ${range}`, name, value);
}
