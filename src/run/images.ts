import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SinglePathError } from '../core/errors.js';
import { writeFileAtomically } from '../core/files.js';
import type { ImageProblem } from '../runtime/native.js';

/** Some of a split's images, as positions in its order. */
export interface RecordedImages {
  images: number;
  positions: number[];
}

/** `images.json` of a run directory: which images a run worked with. */
export interface ImageRecord {
  format: 1;
  data: { kind: string; path: string | null };
  /** Names of the classes, by number. */
  classes: string[];
  /** All images of the training split: their number and a hash of names and labels. */
  split: { images: number; fingerprint: string };
  /** With which images were normalized, per channel; absent in runs of versions that did not note it. */
  normalization?: { mean: number[]; std: number[] };
  /** Images the run trained on; all that are not recorded below. */
  train?: { images: number };
  /** Training images that no supernet is trained on: candidates are scored on them. */
  heldOut?: RecordedImages;
  /**
   * Means of the channels of some images, and a hash of the settings they were opened with; absent in runs of versions that
   * did not note it.
   */
  pixels?: { settings: string; train: number[][]; heldOut?: number[][] } | undefined;
  /** Training images BatchNorm is recalibrated on. */
  calibration?: RecordedImages;
}

export const IMAGES_FILE = 'images.json';
const DAMAGED =
  'the file is damaged, or of a newer version: restore it, or delete it to go on without its check';
export const BROKEN_FILE = 'broken-images.json';

/** Notes the images of a run; what a run that is resumed has noted stays. */
export async function noteImages(runDir: string, record: ImageRecord): Promise<void> {
  if (existsSync(join(runDir, IMAGES_FILE))) return;
  await writeFileAtomically(join(runDir, IMAGES_FILE), [`${JSON.stringify(record)}\n`]);
}

/** `broken-images.json`: images that were left out of a run, with the reason. Nothing is written where there are none. */
export async function noteBroken(runDir: string, broken: readonly ImageProblem[]): Promise<void> {
  if (broken.length === 0) return;
  await writeFileAtomically(join(runDir, BROKEN_FILE), [`${JSON.stringify(broken, null, 2)}\n`]);
}

/**
 * The record of a run directory; undefined for runs of versions that wrote none.
 *
 * @throws SinglePathError `INVALID_CHECKPOINT` where it is damaged.
 */
export function readImageRecord(runDir: string): ImageRecord | undefined {
  const file = join(runDir, IMAGES_FILE);
  if (!existsSync(file)) return undefined;
  try {
    const record = JSON.parse(readFileSync(file, 'utf8')) as ImageRecord;
    if (record.format === 1) return record;
  } catch (cause) {
    throw new SinglePathError('INVALID_CHECKPOINT', `Expected JSON in '${file}'`, { cause, hint: DAMAGED });
  }
  throw new SinglePathError('INVALID_CHECKPOINT', `Expected an image record of format 1 in '${file}'`, {
    hint: DAMAGED,
  });
}
