import type { ImageProblem, ListingNotes } from './dataset.js';

/** A long work on image files on a thread of its own. */
export interface ImageWork<Result> {
  /** Rejects with `ABORTED` after cancel(). */
  result: Promise<Result>;
  /** Images done, and all of them (0 while it is not known). */
  progress(): [done: number, total: number];
}

export interface InspectOptions {
  /** Images that are decoded, evenly spread; of the others the header is read. -1: all. */
  decode: number;
  threads: number;
  pixelLimit: number;
}

export interface Inspection {
  images: number;
  bytes: number;
  decoded: number;
  /** Numbers of images by format. */
  jpeg: number;
  png: number;
  raw: number;
  /** Smallest, median and largest, in pixels, turned upright. */
  height: [number, number, number];
  width: [number, number, number];
  perClass: number[];
  /** Per channel (RGB) in units of 0..1, of those decoded; every image counts alike. */
  mean: number[];
  std: number[];
  broken: ImageProblem[];
  classNames: string[];
  hasTest: boolean;
  notes: ListingNotes;
}

export interface PackOptions {
  /** `original`: the bytes of the files; `jpeg`: encoded again where that makes them smaller; `raw`: RGB pixels. */
  mode: 'original' | 'jpeg' | 'raw';
  /** Pixels; 0: as it is. */
  shortSide: number;
  quality: number;
  threads: number;
  pixelLimit: number;
  skipBroken: boolean;
  brokenShare: number;
  resume: boolean;
  /** Names are kept without this beginning. */
  root: string;
  /** JSON, kept in the file. */
  notes: string;
}

export interface PackReport {
  images: number;
  training: number;
  bytes: number;
  /** Images that an earlier, interrupted call had packed. */
  resumed: number;
  leftOut: ImageProblem[];
  classNames: string[];
}
