import type { NativeBatch } from './batch.js';

/** A set of images with class labels, delivered as uint8 pixels in NHWC order. */
export interface NativeDataset {
  readonly size: number;
  /** [channels, height, width]. */
  readonly shape: [number, number, number];
  labels(): Int32Array;
  /** By number; empty where the source has none. */
  readonly classNames: string[];
  /** False where the source is one set, without test images. */
  readonly hasTest: boolean;
  notes(): ListingNotes;
  /** A hash of number, names and labels of the images, 16 hexadecimal digits. */
  fingerprint(): string;
  /** Broken images met so far. */
  broken(): { index: number; name: string; message: string }[];
  /**
   * Mean and standard deviation per channel, in units of 0..1: of all pixels in memory, of at most 4,000 encoded images; with
   * `chosen` of these images alone.
   */
  statistics(chosen?: { indices: Uint32Array }): Promise<{ mean: number[]; std: number[] }>;
  /** A batch without variation whose pixels are decoded by each call that uses it; `threads` decode at once. */
  laterBatch(source: { indices: Uint32Array; mean: number[]; std: number[]; threads: number }): NativeBatch;
  /** Loaders and later batches that use it keep the pixels until they end. */
  dispose(): void;
}

/** What a look at folders and archives passed over. */
export interface ListingNotes {
  /** Images that cannot be read. */
  problems: ImageProblem[];
  /** Numbers of files that are no JPEG or PNG, by extension. */
  ignored: Record<string, number>;
}

export interface ImageProblem {
  /** Path, or archive!member. */
  name: string;
  reason: string;
}

/** What src/data/imageOptions.ts makes of its options; 0 leaves size and number of channels to the first image. */
export interface ImageOptions {
  size: number;
  channels: number;
  resize: number;
  upright: boolean;
  bgr: boolean;
  exact: boolean;
  pixelLimit: number;
  cacheBytes: number;
  skipBroken: boolean;
  brokenShare: number;
}
