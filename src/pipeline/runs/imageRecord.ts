import { join } from 'node:path';
import type { Config } from '../../config/schema/config.js';
import { SinglePathError } from '../../core/errors.js';
import type { Dataset } from '../../data/dataset.js';
import type { Normalization } from '../../data/normalize.js';
import {
  BROKEN_FILE,
  IMAGES_FILE,
  type ImageRecord,
  noteBroken,
  type RecordedImages,
  readImageRecord,
} from '../../run/images.js';
import { fixedSubset, type Images } from '../images/images.js';
import { type RunControl, readRun } from './runs.js';

/** What a run directory notes of the images of a supernet, or of a network that is retrained on all of them. */
export function recordOf(
  config: Config,
  { train, heldOut }: Pick<Images, 'train'> & Partial<Images>,
): ImageRecord {
  const { kind, path } = config.data;
  return {
    format: 1,
    data: { kind, path },
    classes: [...train.classNames],
    split: splitOf(train),
    normalization: train.normalization,
    train: { images: train.size },
    ...(heldOut && { heldOut: positionsOf(heldOut) }),
  };
}

/**
 * The configuration for images that a run's network is trained on further, or tried on: normalized as those that it was trained
 * with.
 *
 * @throws SinglePathError `INVALID_CHECKPOINT` for a run that did not note how, and took images for it that none takes now.
 */
export function withNormalization(config: Config, runDir: string): Config {
  const record = readImageRecord(runDir);
  const known = record === undefined || record.normalization !== undefined;
  if (known || config.data.normalize !== 'auto' || !tookAll(runDir))
    return normalizedAs(config, record?.normalization);
  throw new SinglePathError(
    'INVALID_CHECKPOINT',
    `Expected the mean and deviation that the images of the run in '${runDir}' were normalized with, but it did not note them`,
    {
      hint:
        'its version took them of all images, those of data.testFraction included: train again, or write ' +
        `"normalization": {"mean": [...], "std": [...]} into '${join(runDir, IMAGES_FILE)}'`,
    },
  );
}

/** Whether a run was normalized by all images of a set, if its version noted nothing: those set aside for tests were among them. */
function tookAll(runDir: string): boolean {
  const { normalize, testFraction } = readRun(runDir).config.data;
  return normalize === 'auto' && testFraction > 0;
}

/** With the mean and deviation that a network knows in place of those of the training images at hand. */
export function normalizedAs(config: Config, known: Partial<Normalization> | undefined): Config {
  const { mean, std } = known ?? {};
  if (mean === undefined || std === undefined || config.data.normalize !== 'auto') return config;
  return { ...config, data: { ...config.data, normalize: { mean, std } } };
}

/**
 * Classes have their numbers from the images at hand, so other folders may be other numbers: without one of them each
 * class after it has that of another.
 *
 * @param known names of the network's classes; where either has numbers for names, nothing is known.
 * @param network named in the error.
 * @throws SinglePathError `INVALID_DATASET` where a class of the images has another name.
 */
export function checkSameClasses(
  known: readonly string[] | undefined,
  { classNames: found, name }: Pick<Dataset, 'classNames' | 'name'>,
  network: string,
): void {
  const differ = found.findIndex((own, label) => {
    const [wanted, unnamed] = [known?.[label] ?? own, String(label)];
    return own !== wanted && own !== unnamed && wanted !== unnamed;
  });
  if (differ < 0) return;
  throw new SinglePathError(
    'INVALID_DATASET',
    `Expected the classes that the network in '${network}' was trained with, of which number ${differ} is '${known![differ]}', but in ${name} it is '${found[differ]}'`,
    { hint: 'test images with some of the classes keep their numbers in data.testPath' },
  );
}

/** A split as a whole: its number of images and a hash of their names and labels. */
export function splitOf(images: Dataset): ImageRecord['split'] {
  return { images: images.splitSize, fingerprint: images.fingerprint() };
}

/** The training images with which BatchNorm is recalibrated: see FixedImages. */
export function calibrationOf(train: Dataset, count: number): RecordedImages {
  using chosen = fixedSubset(train, count);
  return positionsOf(chosen);
}

function positionsOf(images: Dataset): RecordedImages {
  return { images: images.size, positions: [...images.positions()] };
}

/** Lists the images that a run left out in its directory. */
export async function reportBroken(
  runDir: string,
  images: readonly Dataset[],
  { onBroken }: Pick<RunControl, 'onBroken'>,
): Promise<void> {
  const broken = images.flatMap((dataset) => [
    ...dataset.notes().problems,
    ...dataset.broken().map(({ name, message }) => ({ name, reason: message })),
  ]);
  await noteBroken(runDir, broken);
  if (broken.length > 0) onBroken?.(broken.length, join(runDir, BROKEN_FILE));
}

/**
 * Candidates are scored on images the supernet never saw: those its run directory recorded, in a set that is still the
 * same.
 *
 * @throws SinglePathError `INVALID_DATASET` where images came, went or changed their class since the training.
 */
export function checkSameImages(supernetRun: string, images: Images): void {
  const record = readImageRecord(supernetRun);
  if (record === undefined) return;
  const now = splitOf(images.train);
  const same =
    record.split.fingerprint === now.fingerprint &&
    record.heldOut?.positions.join() === images.heldOut.positions().join();
  if (same) return;
  throw new SinglePathError(
    'INVALID_DATASET',
    `Expected the ${record.split.images} training images the supernet in '${supernetRun}' was trained with (${record.split.fingerprint}) but received ${now.images} others (${now.fingerprint})`,
    { hint: 'files came, went or were renamed since: restore them, or train the supernet again' },
  );
}
