import { checkArguments } from '../core/check.js';
import { expected, SinglePathError } from '../core/errors.js';
import { addon } from '../runtime/addon.js';
import { callNative } from '../runtime/call.js';
import type {
  AugmentSource,
  LoaderTimes,
  NativeBatch,
  NativeDataset,
  NativeLoader,
} from '../runtime/native.js';
import { type AugmentOptions, augmentSource } from './augment.js';
import { DATA_DEFAULTS } from './defaults.js';
import type { Normalization } from './normalize.js';

export interface LoaderOptions {
  batchSize: number;
  /** Use a new order in each epoch. Default false: the order of the data set. */
  shuffle?: boolean;
  /** Decides order and augmentation. Default 0. */
  seed?: number;
  /** Default: none. */
  augment?: AugmentOptions;
  /** Native threads that prepare batches. Default 1; the batches are the same for any number. */
  threads?: number;
  /** Batches prepared ahead. Default 4, but 2 or 3 where four would take more than 512 MB. */
  prefetch?: number;
  /** Leave out the last batch of an epoch if it is not full. Default false. */
  dropLast?: boolean;
  /**
   * Number of this process, from 0, among `worldSize` that train together. Every `shards` * batchSize images in a row are
   * a global batch, of whose shards each rank gets its equal part, one after the other, and of the images left at the
   * end, too. Default 0 of 1.
   */
  rank?: number;
  worldSize?: number;
  /** A multiple of worldSize. Default worldSize: one batch a rank. */
  shards?: number;
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

const PREFETCH_BYTES = 512 * 2 ** 20;

/**
 * Batches of a data set, prepared ahead by native threads. Each is a function of (seed, epoch, number) alone, so
 * (epoch, number) is all there is to save for resume.
 *
 * The consumer owns the batches: `dispose()` them when used (garbage collection does so late).
 */
export class DataLoader implements Disposable {
  readonly batchesPerEpoch: number;
  readonly #input: LoaderInput;
  readonly #options: Required<Omit<LoaderOptions, 'indices' | 'augment'>> & { augment: AugmentSource };
  readonly #ended: LoaderTimes = { read: 0, decode: 0, transform: 0, idle: 0 };
  readonly #running = new Set<NativeLoader>();
  #disposed = false;

  /** @throws SinglePathError `INVALID_ARGUMENT`; an epoch without a batch is an error, too. */
  constructor(input: LoaderInput, options: LoaderOptions) {
    checkArguments('DataLoader', { loaderInput: input, options });
    const {
      batchSize,
      shuffle = false,
      seed = 0,
      augment = {},
      threads = DATA_DEFAULTS.threads,
      prefetch = defaultPrefetch(input.native.shape, batchSize),
      dropLast = false,
      rank = 0,
      worldSize = 1,
      shards = worldSize,
    } = options;
    checkInteger('batchSize', batchSize, 1);
    checkInteger('seed', seed, 0);
    checkInteger('threads', threads, 1, 256);
    checkInteger('prefetch', prefetch, 1, 4096);
    checkInteger('worldSize', worldSize, 1);
    checkInteger('rank', rank, 0, worldSize - 1);
    checkInteger('shards', shards, worldSize);
    if (shards % worldSize !== 0) throw expected(`a multiple of ${worldSize} ranks`, 'shards', shards);
    this.#input = input;
    this.#options = {
      batchSize,
      shuffle,
      seed,
      threads,
      prefetch,
      dropLast,
      rank,
      worldSize,
      shards,
      augment: augmentSource(augment, input.native.shape, input.normalization),
    };
    const own = shards / worldSize;
    const together = batchSize * shards;
    const left = input.indices.length % together;
    const before = (shard: number) => Math.floor((left * shard) / shards);
    const rest = Array.from({ length: own }, (_, i) => rank * own + i).every(
      (s) => before(s + 1) > before(s),
    );
    const whole = Math.floor(input.indices.length / together);
    this.batchesPerEpoch = (whole + (!dropLast && rest ? 1 : 0)) * own;
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
    return this.#iterate(epoch, firstBatch, 1, signal);
  }

  /** Batches without end: number `step` of the concatenated epochs and all that follow. */
  async *from(step: number, signal?: AbortSignal): AsyncGenerator<NativeBatch, never, undefined> {
    checkInteger('step', step, 0, (LAST_EPOCH + 1) * this.batchesPerEpoch - 1);
    const epoch = Math.floor(step / this.batchesPerEpoch);
    // One native loader for all epochs: the next one's images are prepared before this one's are used up.
    yield* this.#iterate(epoch, step % this.batchesPerEpoch, LAST_EPOCH - epoch + 1, signal);
    throw expected(`fewer than ${LAST_EPOCH + 1} epochs`, 'the loader', LAST_EPOCH + 1);
  }

  /** What its threads did so far, all iterations together: whether the data or the network is the bottleneck. */
  times(): LoaderTimes {
    const all = { ...this.#ended };
    for (const native of this.#running) addTimes(all, native.times());
    return all;
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

  async *#iterate(epoch: number, firstBatch: number, epochs: number, signal?: AbortSignal) {
    if (this.#disposed) throw new SinglePathError('DISPOSED', 'The loader was used after dispose()');
    if (signal?.aborted)
      throw new SinglePathError('ABORTED', 'Aborted before it started', { cause: signal.reason });
    const { native, indices, normalization } = this.#input;
    const source = { ...this.#options, ...normalization, indices, epoch, firstBatch, epochs };
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
      if (this.#running.delete(loader)) addTimes(this.#ended, loader.times());
      loader.dispose();
    }
  }
}

function defaultPrefetch(shape: readonly number[], batchSize: number): number {
  const batchBytes = shape.reduce((product, side) => product * side, batchSize);
  return Math.min(4, Math.max(2, Math.floor(PREFETCH_BYTES / batchBytes)));
}

function addTimes(sum: LoaderTimes, times: LoaderTimes): void {
  for (const key of Object.keys(sum) as (keyof LoaderTimes)[]) sum[key] += times[key];
}

function checkInteger(name: string, value: number, least: number, most = Number.MAX_SAFE_INTEGER): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  throw expected(`an integer ${range}`, name, value);
}
