import { join } from 'node:path';
import type { Config } from '../../config/schema/config.js';
import { SinglePathError } from '../../core/errors.js';
import type { Dataset } from '../../data/dataset.js';
import { IMAGES_FILE, type ImageRecord, readImageRecord } from '../../run/images.js';
import { hashOf } from '../../space/hash.js';
import type { SearchSpace } from '../../space/types.js';
import { pixelSettings } from './augmentation.js';
import type { Images } from './images.js';

/** Images that are looked at, spread over the set: other pictures under the same names differ in nearly all of them. */
const LOOKED_AT = 16;
/** In units of a byte: the same picture decoded elsewhere, or saved again, is nearer, another one hardly ever. */
const NEAR = 0.5;

type Sampled = Pick<Images, 'train'> & Partial<Images>;

/**
 * What some images look like, beside the fingerprint, which has names and labels alone: the mean of each channel, from 0 to
 * 255. Undefined where one of them cannot be read, which is for the training to say.
 */
export async function pixelSampleOf(
  { data }: Config,
  { input }: Pick<SearchSpace, 'input'>,
  { train, heldOut }: Sampled,
): Promise<ImageRecord['pixels']> {
  const { normalize: _, ...settings } = pixelSettings(data); // which is undone
  try {
    return {
      settings: hashOf([settings, input]).slice(0, 12),
      train: await meansOf(train),
      ...(heldOut && { heldOut: await meansOf(heldOut) }),
    };
  } catch (error) {
    if (error instanceof SinglePathError) return undefined;
    throw error;
  }
}

/**
 * A run that goes on, or is built upon, needs the images it was trained with, not only their names.
 *
 * @param now the sample of the images at hand.
 * @throws SinglePathError `INVALID_DATASET` where images were replaced since. Runs that noted no sample are not asked.
 */
export function checkSamePixels(runDir: string, now: ImageRecord['pixels']): void {
  const before = readImageRecord(runDir)?.pixels;
  if (before === undefined || now === undefined || before.settings !== now.settings) return;
  if (alike(before.train, now.train) && alike(before.heldOut ?? [], now.heldOut ?? [])) return;
  throw new SinglePathError(
    'INVALID_DATASET',
    `Expected the images that the run in '${runDir}' was trained with but under the same names and labels there are others`,
    {
      hint: `restore them, or train again in a new run directory; where they are the same after all, delete "pixels" from '${join(runDir, IMAGES_FILE)}'`,
    },
  );
}

async function meansOf(images: Dataset): Promise<number[][]> {
  const count = Math.min(LOOKED_AT, images.size);
  if (count === 0) return [];
  const indices = Array.from({ length: count }, (_, i) => Math.floor((i * images.size) / count));
  const batches = await images.batches({ batchSize: count, indices });
  try {
    return batches.flatMap((batch) => {
      const [number, channels, height, width] = batch.shape as [number, number, number, number];
      const pixels = batch.images();
      const { mean, std } = images.normalization;
      return Array.from({ length: number }, (_, image) =>
        Array.from({ length: channels }, (_, channel) => {
          const start = (image * channels + channel) * height * width;
          const sum = pixels.subarray(start, start + height * width).reduce((all, value) => all + value, 0);
          const value = (sum / (height * width)) * std[channel]! + mean[channel]!;
          return Number((255 * value).toFixed(2));
        }),
      );
    });
  } finally {
    for (const batch of batches) batch.dispose();
  }
}

function alike(before: readonly number[][], now: readonly number[][]): boolean {
  return (
    before.length === now.length &&
    before.every((means, i) => means.every((mean, c) => Math.abs(mean - now[i]![c]!) <= NEAR))
  );
}
