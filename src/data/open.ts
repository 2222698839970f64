import { checkArguments } from '../core/check.js';
import { expected, SinglePathError } from '../core/errors.js';
import { addon } from '../runtime/addon.js';
import { callNative } from '../runtime/call.js';
import type { NativeDataset } from '../runtime/native.js';
import { Dataset } from './dataset.js';
import { splitHeldOut } from './heldOut.js';
import { imageOptions } from './imageOptions.js';
import type { ArraySource } from './kinds/arrays.js';
import { type DatasetConfig, datasetDefinition } from './kinds/index.js';
import type { Split } from './kinds/kind.js';
import { checkedNormalization, type Normalization, presetNormalization } from './normalize.js';

/**
 * Opens one split of a data set, decoded into native memory on a thread of its own. With `normalize: 'auto'` both
 * splits get the statistics of the training images; those that `testFraction` sets aside are none.
 *
 * @throws SinglePathError `INVALID_DATASET` naming the file that is missing, empty, truncated or foreign, with what
 *   was expected and found; `INVALID_ARGUMENT` for the configuration; `IO`.
 */
export async function openDataset(config: DatasetConfig, options: { split: Split }): Promise<Dataset> {
  checkArguments('openDataset()', { datasetConfig: config, options });
  const { split } = options;
  if (split !== 'train' && split !== 'test') throw expected("'train' or 'test'", 'split', split);
  const opened = await openSplit(config, split);
  try {
    const { testFraction = 0 } = config as { testFraction?: number };
    const shared = testFraction > 0 && !opened.hasTest;
    const classes = classesOf(config, opened);
    const all = Dataset.of(opened, {
      name: `${config.kind} ${split}`,
      classes,
      classNames: classNamesOf(config, opened, classes),
      normalization: shared ? TO_BE_SHARED : await normalizationOf(config, split, opened),
      skipsBroken: config.broken === 'skip',
    });
    return shared ? await shareOf(all, config, testFraction, split) : all;
  } catch (error) {
    opened.dispose();
    throw error;
  }
}

/** A data set of images in memory; its own statistics normalize it unless others are given. */
export async function datasetFromArrays(
  images: ArraySource,
  options: Pick<DatasetConfig, 'normalize' | 'channelOrder'> = {},
): Promise<Dataset> {
  checkArguments('datasetFromArrays()', { settings: images, options });
  return openDataset({ kind: 'arrays', train: images, ...options }, { split: 'train' });
}

async function openSplit(config: DatasetConfig, split: Split): Promise<NativeDataset> {
  const source = datasetDefinition(config.kind).source(config, split);
  return await callNative(() => addon().openDataset(source, imageOptions(config)));
}

async function normalizationOf(
  config: DatasetConfig,
  split: Split,
  opened: NativeDataset,
): Promise<Normalization> {
  const channels = opened.shape[0];
  const given = givenNormalization(config, channels);
  if (given !== undefined) return given;
  const training = split === 'train' ? opened : await openSplit(config, 'train');
  try {
    if (training.shape.join() !== opened.shape.join()) {
      throw new SinglePathError(
        'INVALID_DATASET',
        `Expected test images of the training images' shape ${training.shape.join('x')} but received ${opened.shape.join('x')}`,
      );
    }
    return checkedNormalization(await callNative(() => training.statistics()), channels);
  } finally {
    if (training !== opened) training.dispose();
  }
}

/** The normalization that is asked for; undefined where it is that of the training images. */
function givenNormalization(
  { normalize = 'auto', channelOrder }: DatasetConfig,
  channels: number,
): Normalization | undefined {
  if (typeof normalize === 'object') return checkedNormalization(normalize, channels);
  return normalize === 'auto' ? undefined : presetNormalization(normalize, channels, channelOrder === 'bgr');
}

/** Stands for the normalization of a set until its sides have theirs. */
const TO_BE_SHARED: Normalization = { mean: [], std: [] };

/** The draw of test images where there are none is always the same: they stay test images for every run. */
const TEST_SEED = 0;

/** The test images of a set that has none, or what is left to train on, which normalizes both. */
async function shareOf(
  all: Dataset,
  config: DatasetConfig,
  testFraction: number,
  split: Split,
): Promise<Dataset> {
  using whole = all;
  const count = Math.round(testFraction * whole.size);
  if (count === 0 || count === whole.size) {
    throw new SinglePathError(
      'INVALID_DATASET',
      `Expected images to train with and to test on, but data.testFraction = ${testFraction} makes test images of ${count} of ${whole.size}`,
      { hint: 'choose another share, or name test images with data.testPath' },
    );
  }
  const sides = splitHeldOut(whole, count, TEST_SEED);
  using train = sides.train;
  using test = sides.heldOut;
  const channels = whole.shape[0];
  const normalization =
    givenNormalization(config, channels) ?? checkedNormalization(await train.statistics(), channels);
  return (split === 'train' ? train : test).normalizedBy(normalization);
}

function classNamesOf(config: DatasetConfig, opened: NativeDataset, classes: number): readonly string[] {
  const found = opened.classNames;
  const names = found.length > 0 ? found : datasetDefinition(config.kind).classNames?.(config);
  return names ?? Array.from({ length: classes }, (_, label) => String(label));
}

function classesOf(config: DatasetConfig, opened: NativeDataset): number {
  const found = opened.labels().reduce((most, label) => Math.max(most, label), 0) + 1;
  const known = datasetDefinition(config.kind).classes?.(config);
  if (known !== undefined && found > known) {
    throw new SinglePathError(
      'INVALID_DATASET',
      `Expected labels below ${known} in data set '${config.kind}' but received ${found - 1}`,
    );
  }
  return known ?? Math.max(found, opened.classNames.length);
}
