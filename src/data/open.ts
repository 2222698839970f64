import { didYouMean, expected, SinglePathError } from '../core/errors.js';
import { addon } from '../runtime/addon.js';
import { callNative } from '../runtime/call.js';
import type { DatasetSource, NativeDataset } from '../runtime/native.js';
import type { ArraySource, DatasetConfig, DatasetKind, Split } from './config.js';
import { Dataset } from './dataset.js';
import { cifarFiles, fashionMnistFolder, idxFiles } from './locate.js';
import { checkedNormalization, type Normalization, presetNormalization } from './normalize.js';

const KINDS: DatasetKind[] = ['fashion-mnist', 'idx', 'mnist', 'cifar10', 'cifar100', 'arrays', 'synthetic'];

/**
 * Opens one split of a data set, decoded into native memory on a thread of its own. With `normalize: 'auto'` both
 * splits get the statistics of the training images.
 *
 * @throws SinglePathError `INVALID_DATASET` naming the file that is missing, empty, truncated or foreign, with what
 *   was expected and found; `INVALID_ARGUMENT` for the configuration; `IO`.
 */
export async function openDataset(config: DatasetConfig, { split }: { split: Split }): Promise<Dataset> {
  if (split !== 'train' && split !== 'test') throw expected("'train' or 'test'", 'split', split);
  const opened = await openSplit(config, split);
  try {
    const normalization = await normalizationOf(config, split, opened);
    return Dataset.of(opened, {
      name: `${config.kind} ${split}`,
      classes: classesOf(config, opened),
      normalization,
    });
  } catch (error) {
    opened.dispose();
    throw error;
  }
}

/** A data set of images in memory; its own statistics normalise it unless others are given. */
export async function datasetFromArrays(
  images: ArraySource,
  options: Pick<DatasetConfig, 'normalize' | 'channelOrder'> = {},
): Promise<Dataset> {
  return openDataset({ kind: 'arrays', train: images, ...options }, { split: 'train' });
}

async function openSplit(config: DatasetConfig, split: Split): Promise<NativeDataset> {
  const bgr = config.channelOrder === 'bgr';
  const source = sourceOf(config, split);
  return await callNative(() => addon().openDataset({ ...source, bgr }));
}

type Source = DatasetSource extends infer S ? (S extends DatasetSource ? Omit<S, 'bgr'> : never) : never;

function sourceOf(config: DatasetConfig, split: Split): Source {
  switch (config.kind) {
    case 'fashion-mnist':
      return { format: 'idx', ...idxFiles(config.path ?? fashionMnistFolder(), split) };
    case 'idx':
    case 'mnist':
      return { format: 'idx', ...idxFiles(requiredPath(config), split) };
    case 'cifar10':
    case 'cifar100': {
      const files = cifarFiles(config.kind, requiredPath(config), split);
      return { format: 'cifar', files, classes: config.kind === 'cifar10' ? 10 : 100 };
    }
    case 'arrays': {
      const images = config[split];
      if (images === undefined) throw expected('images', `the ${split} split of the arrays`, images);
      return { format: 'arrays', ...checkedArrays(images) };
    }
    case 'synthetic': {
      const { shape = [1, 28, 28], classes = 10, trainImages = 1000, testImages = 200, seed = 0 } = config;
      const [channels, height, width] = shape;
      const [count, number] = split === 'train' ? [trainImages, 0] : [testImages, 1];
      return { format: 'synthetic', count, channels, height, width, classes, seed, split: number };
    }
    default: {
      const kind = (config as { kind: unknown }).kind;
      throw expected('a known kind of data set', 'kind', kind, { hint: didYouMean(String(kind), KINDS) });
    }
  }
}

function checkedArrays({ pixels, shape, labels }: ArraySource) {
  if (!(pixels instanceof Uint8Array)) throw expected('a Uint8Array', 'the pixels of the arrays', pixels);
  if (shape.length !== 4 || !shape.every((side) => Number.isInteger(side) && side > 0)) {
    throw expected('[count, channels, height, width]', 'the shape of the arrays', shape);
  }
  const wrong = Array.from(labels).find((label) => !Number.isInteger(label));
  if (wrong !== undefined) throw expected('integers', 'the labels of the arrays', wrong);
  return { pixels, shape, labels: Int32Array.from(labels) };
}

function requiredPath(config: { kind: string; path?: string }): string {
  if (typeof config.path !== 'string' || config.path === '') {
    throw expected('the folder of the data set', `path of '${config.kind}'`, config.path);
  }
  return config.path;
}

async function normalizationOf(
  config: DatasetConfig,
  split: Split,
  opened: NativeDataset,
): Promise<Normalization> {
  const { normalize = 'auto' } = config;
  const channels = opened.shape[0];
  if (typeof normalize === 'object') return checkedNormalization(normalize, channels);
  if (normalize !== 'auto') return presetNormalization(normalize, channels, config.channelOrder === 'bgr');
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

const KNOWN_CLASSES: Partial<Record<DatasetKind, number>> = {
  'fashion-mnist': 10,
  mnist: 10,
  cifar10: 10,
  cifar100: 100,
};

function classesOf(config: DatasetConfig, opened: NativeDataset): number {
  const found = opened.labels().reduce((most, label) => Math.max(most, label), 0) + 1;
  const known = config.kind === 'synthetic' ? (config.classes ?? 10) : KNOWN_CLASSES[config.kind];
  if (known !== undefined && found > known) {
    throw new SinglePathError(
      'INVALID_DATASET',
      `Expected labels below ${known} in data set '${config.kind}' but received ${found - 1}`,
    );
  }
  return known ?? found;
}
