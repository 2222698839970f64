import { checkArguments } from '../core/check.js';
import { expected, SinglePathError } from '../core/errors.js';
import { callNative } from '../runtime/call.js';
import type { ListingNotes, NativeBatch, NativeDataset } from '../runtime/native.js';
import { DATA_DEFAULTS } from './defaults.js';
import { DataLoader, type LoaderInput, type LoaderOptions } from './loader.js';
import type { Normalization } from './normalize.js';

/** Native pixels shared by several views; freed with the last of them. */
interface SharedImages {
  native: NativeDataset;
  views: number;
}

export interface DatasetDetails {
  name: string;
  /** Number of classes; labels are below it. */
  classes: number;
  /** Their names, by number. */
  classNames: readonly string[];
  normalization: Normalization;
  /** Broken images are left out of their batches. */
  skipsBroken: boolean;
}

export interface BatchesOptions {
  batchSize: number;
  /** Positions in the data set to take. Default: all of it, in order. */
  indices?: ArrayLike<number>;
  /** Number of images at most, from the front. Default: all. */
  count?: number;
  /**
   * Keep no pixels: each call that uses such a batch decodes it, while the batch before it is computed. Evaluating a
   * population is one call. Default false.
   */
  later?: boolean;
  /** Native threads that decode. Default 1. */
  threads?: number;
  signal?: AbortSignal | undefined;
}

/** Images and labels, or a view on some of them. Made by `openDataset`. */
export class Dataset implements Disposable {
  readonly name: string;
  readonly classes: number;
  /** Names of the classes, by number: folders, a list beside the files, or the numbers themselves. */
  readonly classNames: readonly string[];
  readonly normalization: Normalization;
  readonly skipsBroken: boolean;
  /** [channels, height, width]. */
  readonly shape: [number, number, number];
  readonly #images: SharedImages;
  readonly #indices: Uint32Array;
  #disposed = false;

  /** Not for callers: `openDataset` makes data sets. */
  private constructor(images: SharedImages, indices: Uint32Array, details: DatasetDetails) {
    checkArguments('Dataset', { settings: images, options: details });
    checkArguments('Dataset', { native: images.native });
    this.name = details.name;
    this.classes = details.classes;
    this.classNames = details.classNames;
    this.normalization = details.normalization;
    this.skipsBroken = details.skipsBroken;
    this.shape = images.native.shape;
    this.#images = images;
    this.#indices = indices;
    images.views++;
  }

  /** All images of a native set, which the data set then owns. */
  static of(native: NativeDataset, details: DatasetDetails): Dataset {
    checkArguments('Dataset.of()', { native, settings: details });
    return new Dataset(
      { native, views: 0 },
      new Uint32Array(native.size).map((_, index) => index),
      details,
    );
  }

  /** Number of images. */
  get size(): number {
    return this.#indices.length;
  }

  /** Class of every image. */
  labels(): Int32Array {
    const labels = this.#live().native.labels();
    return Int32Array.from(this.#indices, (index) => labels[index]!);
  }

  /** Number of images of the split this is a view on. */
  get splitSize(): number {
    return this.#live().native.size;
  }

  /** Where each image lies in the split it was opened from: what a run directory records of a view. */
  positions(): Uint32Array {
    return this.#indices.slice();
  }

  /** A hash of number, names and labels of all images of the split, 16 hexadecimal digits. */
  fingerprint(): string {
    return this.#live().native.fingerprint();
  }

  /** Files that were left out, and those that are no images by extension, as far as a look at the folder tells. */
  notes(): ListingNotes {
    return this.#live().native.notes();
  }

  /** Images of the whole set (not only of this view) that could not be decoded so far; see `broken: 'skip'`. */
  broken(): { index: number; name: string; message: string }[] {
    return this.#live().native.broken();
  }

  /** A view on the images at `positions`, in that order. Nothing is copied; dispose it like the data set itself. */
  subset(positions: ArrayLike<number>): Dataset {
    return new Dataset(this.#live(), this.#resolve(positions), this);
  }

  /** A view on the first `count` images (all, when there are fewer). */
  take(count: number): Dataset {
    if (!Number.isInteger(count) || count < 0)
      throw expected('an integer of at least 0', 'the number of images', count);
    return new Dataset(this.#live(), this.#indices.slice(0, count), this);
  }

  /**
   * Mean and standard deviation per channel of its images, in units of 0..1: of all that lie in memory, of at most 4,000, evenly
   * spread, where they have to be decoded.
   *
   * @throws SinglePathError `INVALID_DATASET` where an image is broken and none may be; `INVALID_ARGUMENT` without images.
   */
  async statistics(): Promise<Normalization> {
    const { native } = this.#live();
    return await callNative(() => native.statistics({ indices: this.#indices }));
  }

  /** A view on the same images with another mean and deviation. */
  normalizedBy(normalization: Normalization): Dataset {
    return new Dataset(this.#live(), this.#indices, { ...this, normalization });
  }

  /** A loader of batches to train on. An iteration that has begun continues even when the data set is disposed. */
  loader(options: LoaderOptions): DataLoader {
    checkArguments('loader()', { options });
    const indices = options.indices === undefined ? this.#indices : this.#resolve(options.indices);
    return new DataLoader(
      { native: this.#live().native, indices, normalization: this.normalization },
      options,
    );
  }

  /**
   * A fixed list of batches without augmentation, to calibrate or validate on. The last one may be smaller. The
   * caller keeps and disposes them.
   */
  async batches(options: BatchesOptions): Promise<NativeBatch[]> {
    checkArguments('batches()', { options });
    const { batchSize, count = this.size, later = false, threads = DATA_DEFAULTS.threads, signal } = options;
    if (!Number.isInteger(count) || count < 0)
      throw expected('an integer of at least 0', 'the number of images', count);
    const indices = (options.indices === undefined ? this.#indices : this.#resolve(options.indices)).slice(
      0,
      count,
    );
    if (indices.length === 0) return [];
    const input = { native: this.#live().native, indices, normalization: this.normalization };
    using loader = new DataLoader(input, { batchSize, threads });
    if (later) return await this.#laterBatches(input, loader, { batchSize, threads, signal });
    const batches: NativeBatch[] = [];
    try {
      for await (const batch of loader.epoch(0, 0, signal)) batches.push(batch);
      return batches;
    } catch (error) {
      for (const batch of batches) batch.dispose();
      throw error;
    }
  }

  /**
   * The batches of `loader`, without their pixels. Where broken images may be left out, all are decoded once to know
   * which: a batch holds the same images whenever it is decoded.
   */
  async #laterBatches(
    { native, indices, normalization }: LoaderInput,
    loader: DataLoader,
    { batchSize, threads, signal }: { batchSize: number; threads: number; signal: AbortSignal | undefined },
  ): Promise<NativeBatch[]> {
    if (this.skipsBroken) {
      for await (const batch of loader.epoch(0, 0, signal)) batch.dispose();
    }
    const broken = new Set(native.broken().map(({ index }) => index));
    const batches: NativeBatch[] = [];
    for (let start = 0; start < indices.length; start += batchSize) {
      const chosen = indices.slice(start, start + batchSize).filter((index) => !broken.has(index));
      batches.push(callNative(() => native.laterBatch({ indices: chosen, ...normalization, threads })));
    }
    return batches;
  }

  /** Disposes this view; the pixels are freed with the last view on them. It may be called twice. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (--this.#images.views === 0) this.#images.native.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #live(): SharedImages {
    if (this.#disposed)
      throw new SinglePathError('DISPOSED', `The data set '${this.name}' was used after dispose()`);
    return this.#images;
  }

  #resolve(positions: ArrayLike<number>): Uint32Array {
    if (typeof positions?.length !== 'number')
      throw expected('a list of positions', `images of '${this.name}'`, positions);
    return Uint32Array.from(positions, (position) => {
      const index = this.#indices[position];
      if (index === undefined)
        throw expected(`positions from 0 to ${this.size - 1}`, `images of '${this.name}'`, position);
      return index;
    });
  }
}
