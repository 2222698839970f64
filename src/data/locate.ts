import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SinglePathError } from '../core/errors.js';
import { packageRoot } from '../runtime/addon.js';
import type { Split } from './config.js';

/** A place where a data set is looked for. */
export interface DatasetLocation {
  kind: 'fashion-mnist';
  description: string;
  path: string;
  found: boolean;
}

/** Where data sets are looked for without a path, in order of preference (for `singlepath doctor`). */
export function datasetLocations(): DatasetLocation[] {
  const places = [
    {
      description: "60,000 + 10,000 images, Debian's dataset-fashion-mnist",
      path: '/usr/share/datasets/fashion-mnist',
    },
    {
      description: '10,000 + 2,000 images, embedded',
      path: join(packageRoot(), 'data', 'fashion-mnist-mini'),
    },
  ];
  return places.map((place) => ({
    kind: 'fashion-mnist',
    ...place,
    found: (['train', 'test'] as const).every((split) =>
      IDX_PARTS.every((part) => idxCandidates(place.path, split, part).some((file) => existsSync(file))),
    ),
  }));
}

/** The folder of the best Fashion-MNIST there is. */
export function fashionMnistFolder(): string {
  const places = datasetLocations();
  const place = places.find(({ found }) => found);
  if (place === undefined) {
    throw new SinglePathError(
      'INVALID_DATASET',
      `Expected Fashion-MNIST in one of ${places.map(({ path }) => `'${path}'`).join(', ')} but found it nowhere`,
      { hint: 'apt-get install dataset-fashion-mnist, or give the path of its IDX files' },
    );
  }
  return place.path;
}

const IDX_PARTS = ['images-idx3', 'labels-idx1'] as const;

/** The names in use: with a dash or a dot before `idx`, compressed or not. */
function idxCandidates(folder: string, split: Split, part: (typeof IDX_PARTS)[number]): string[] {
  const stem = `${split === 'train' ? 'train' : 't10k'}-${part}-ubyte`;
  return [stem, stem.replace('-idx', '.idx')].flatMap((name) => [
    join(folder, `${name}.gz`),
    join(folder, name),
  ]);
}

/** The image and label file of a split of a folder with MNIST's file names. */
export function idxFiles(folder: string, split: Split): { images: string; labels: string } {
  const [images, labels] = IDX_PARTS.map((part) => firstExisting(idxCandidates(folder, split, part)));
  return { images: images!, labels: labels! };
}

/** The .bin files of a split, from `folder` or the sub-folder its archive unpacks to. */
export function cifarFiles(kind: 'cifar10' | 'cifar100', folder: string, split: Split): string[] {
  const names =
    kind === 'cifar100'
      ? [`${split}.bin`]
      : split === 'test'
        ? ['test_batch.bin']
        : [1, 2, 3, 4, 5].map((number) => `data_batch_${number}.bin`);
  const unpacked = kind === 'cifar10' ? 'cifar-10-batches-bin' : 'cifar-100-binary';
  return names.map((name) => firstExisting([join(folder, name), join(folder, unpacked, name)]));
}

function firstExisting(candidates: string[]): string {
  const file = candidates.find((candidate) => existsSync(candidate));
  if (file === undefined) {
    throw new SinglePathError(
      'INVALID_DATASET',
      `Expected a data file at '${candidates[0]}' but there is none; also tried ${candidates.slice(1).join(', ')}`,
      { hint: 'check the path of the data set; `singlepath doctor` lists the known places' },
    );
  }
  return file;
}
