import type { Config } from '../../config/schema/config.js';
import type { DataConfig } from '../../config/schema/data.js';
import { SinglePathError, show } from '../../core/errors.js';
import type { Dataset } from '../../data/dataset.js';
import { splitHeldOut, splitPerClass } from '../../data/heldOut.js';
import { type DatasetConfig, datasetDefinition, datasets } from '../../data/kinds/index.js';
import type { Split } from '../../data/kinds/kind.js';
import type { DataLoader } from '../../data/loader.js';
import { openDataset } from '../../data/open.js';
import type { NativeBatch } from '../../runtime/native.js';
import type { SearchSpace } from '../../space/types.js';
import { type DataParallel, loaderShare } from '../../train/dataParallel.js';
import { augmentOf, imagesOf } from './augmentation.js';

/** The images of a run, in native memory. */
export interface Images extends Disposable {
  /** What a supernet is trained on. */
  train: Dataset;
  /** What candidates are scored on; empty where nothing is held out. */
  heldOut: Dataset;
}

/**
 * Opens the training images and sets some aside. The split is a function of the data section alone, so a search
 * scores on images its supernet never saw.
 *
 * @throws SinglePathError `INVALID_DATASET`, also where the images do not fit the space.
 */
export async function openTrainingImages(config: Config, space: SearchSpace): Promise<Images> {
  using all = await openImages(config, space, 'train');
  const { heldOut: count, heldOutPerClass, splitSeed } = config.data;
  const { train, heldOut } =
    heldOutPerClass === null
      ? splitHeldOut(all, count, splitSeed)
      : splitPerClass(all, heldOutPerClass, splitSeed);
  return {
    train,
    heldOut,
    [Symbol.dispose]: () => {
      train.dispose();
      heldOut.dispose();
    },
  };
}

/** What decides whether images fit a network. */
export type ImageSpace = Pick<SearchSpace, 'name' | 'input' | 'classes'>;

/** All images of a split, as many as the configuration asks for. */
export async function openImages({ data }: Config, space: ImageSpace, split: Split): Promise<Dataset> {
  const dataset = await openDataset(datasetConfig(data, space), { split });
  try {
    checkFit(space, data.kind, dataset.shape, dataset.classes);
  } catch (error) {
    dataset.dispose();
    throw error;
  }
  const limit = split === 'train' ? data.trainImages : data.testImages;
  if (limit === null) return dataset;
  const view = datasetDefinition(data.kind).imageFiles ? fixedSubset(dataset, limit) : dataset.take(limit);
  dataset.dispose();
  return view;
}

/** @throws SinglePathError `INVALID_DATASET` where a network cannot take these images. */
export function checkFit(
  { name, input, classes: most }: ImageSpace,
  kind: string,
  shape: readonly number[],
  classes: number,
): void {
  const { channels, size } = input;
  if (shape.join() === [channels, size, size].join() && classes <= most) return;
  const got = `${shape.join(' x ')} with ${classes} classes`;
  throw new SinglePathError(
    'INVALID_DATASET',
    `Expected images of ${channels} x ${size} x ${size} with ${most} classes for '${name}' but '${kind}' has ${got}`,
    {
      hint: 'set data.kind to images of that size, or space.size, space.channels and space.classes to these',
    },
  );
}

/** Batches to train on, augmented: this rank's part of each `batchSize` images. */
export function trainingLoader(
  images: Dataset,
  config: Config,
  batchSize: number,
  parallel?: DataParallel,
): DataLoader {
  const { threads } = config.data;
  return images.loader({
    ...loaderShare(parallel, batchSize),
    shuffle: true,
    seed: config.seed,
    threads,
    augment: augmentOf(config.data, images.shape[1]),
    // A small last batch would get BatchNorm statistics of its own, unless it is all there is.
    dropLast: images.size >= batchSize,
  });
}

/**
 * Fixed batches without augmentation, to calibrate or validate on. The sets that one command takes share
 * `evaluate.imageMemory`; what does not fit is decoded again for each call that uses it.
 */
export class FixedImages {
  #left: number;

  constructor(
    private readonly config: Pick<Config, 'data' | 'evaluate'>,
    private readonly signal?: AbortSignal,
  ) {
    this.#left = config.evaluate.imageMemory * 2 ** 20;
  }

  /** `count` images in proportion to the classes, always the same; 0 takes all. */
  async batches(images: Dataset, count = 0): Promise<NativeBatch[]> {
    using chosen = fixedSubset(images, count);
    const bytes = chosen.shape.reduce((product, side) => product * side, chosen.size);
    const later = bytes > this.#left;
    if (!later) this.#left -= bytes;
    const { batchSize } = this.config.evaluate;
    return await chosen.batches({ batchSize, later, threads: this.config.data.threads, signal: this.signal });
  }
}

/** The images of FixedImages.batches: `count` of them in proportion to the classes, always the same; 0 takes all. */
export function fixedSubset(images: Dataset, count: number): Dataset {
  if (count === 0 || count >= images.size) return images.take(images.size);
  const { train: rest, heldOut: chosen } = splitHeldOut(images, count, 0);
  rest.dispose();
  return chosen;
}

/**
 * The data section for a space, as `openDataset` takes it.
 *
 * @throws SinglePathError `INVALID_CONFIG` where the section lacks something, or says what its kind does not take.
 */
export function datasetConfig(data: DataConfig, space: ImageSpace): DatasetConfig {
  const { kind } = data;
  checkTestImages(data);
  const { channels, size } = space.input;
  const options = datasets[kind].fromConfig(data, { channels, size, classes: space.classes });
  // Image files are of any size; images of one size are taken as they are, and have to fit.
  const shape = datasetDefinition(kind).imageFiles && { size, channels };
  return { kind, ...options, ...shape, ...imagesOf(data) } as DatasetConfig;
}

/** Sets that are not image files have test images of their own, always in the same place. */
function checkTestImages({ kind, testPath, testFraction }: DataConfig): void {
  if (datasetDefinition(kind).imageFiles) return;
  const refused = (setting: string, wanted: string, got: unknown) =>
    new SinglePathError(
      'INVALID_CONFIG',
      `Expected ${wanted} for data.${setting}, as data.kind is ${kind}, but received ${show(got)}`,
      {
        hint: `'${kind}' has test images of its own; only kinds of image files, such as image-folder, take others`,
      },
    );
  if (testPath !== null) throw refused('testPath', 'null', testPath);
  if (testFraction > 0) throw refused('testFraction', '0', testFraction);
}
