import type { NativeBatch } from './batch.js';

/** What src/data/augment.ts makes of its options. */
export interface AugmentSource {
  randomResizedCrop: boolean;
  scale: readonly [number, number];
  ratio: readonly [number, number];
  cropPadding: number;
  flip: boolean;
  brightness: number;
  contrast: number;
  saturation: number;
  hue: number;
  erase: number;
  cutout: number;
  /** Per channel, 0..255. */
  fill: number[];
  mixup: number;
  cutmix: number;
}

export interface LoaderSource {
  /** Images to deliver, as positions in the data set. */
  indices: Uint32Array;
  batchSize: number;
  shuffle: boolean;
  dropLast: boolean;
  augment: AugmentSource;
  /** Per channel, handed on with each batch. */
  mean: number[];
  std: number[];
  seed: number;
  epoch: number;
  /** Where to begin in the epoch. */
  firstBatch: number;
  /** How many epochs, from `epoch` on. */
  epochs: number;
  /** Of the `shards` parts of each global batch, this rank's are delivered, each as a batch: native/data/order.h. */
  rank: number;
  worldSize: number;
  shards: number;
  threads: number;
  /** Batches prepared ahead. */
  prefetch: number;
}

/** Seconds of all threads of a loader together. */
export interface LoaderTimes {
  read: number;
  decode: number;
  /** Resizing, colours, copying. */
  transform: number;
  /** Waiting for room: whoever takes the batches is slower. */
  idle: number;
}

/** Batches prepared ahead by native threads and delivered in order. */
export interface NativeLoader {
  /** Null at the end of the last epoch. Rejects with `ABORTED` after cancel(), `DISPOSED` after dispose(). */
  next(): Promise<NativeBatch | null>;
  times(): LoaderTimes;
  /** Stops the threads; waiting and later next() reject with `ABORTED`. */
  cancel(): void;
  dispose(): void;
}
