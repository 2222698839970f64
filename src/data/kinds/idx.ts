import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SinglePathError } from '../../core/errors.js';
import { packageRoot } from '../../core/packageRoot.js';
import { firstExisting, requiredPath } from './files.js';
import {
  type DatasetDefinition,
  type DatasetLocation,
  type FolderOptions,
  folderFromConfig,
  type Split,
} from './kind.js';

/** Images and labels in MNIST's file format, gzip or plain. */
export interface IdxSource {
  format: 'idx';
  images: string;
  labels: string;
}

/** Of MNIST and Fashion-MNIST. */
const SHAPE = [1, 28, 28] as const;

/** Grey images in four IDX files, gzip or plain, named as MNIST's. */
export const idx = {
  source: ({ path }, split) => idxSource(requiredPath('idx', path), split),
  fromConfig: folderFromConfig('idx'),
} satisfies DatasetDefinition<FolderOptions, IdxSource>;

/** MNIST itself: the same files, of which the number of classes is known. */
export const mnist = {
  source: ({ path }, split) => idxSource(requiredPath('mnist', path), split),
  classes: () => 10,
  shape: () => SHAPE,
  fromConfig: folderFromConfig('mnist'),
} satisfies DatasetDefinition<FolderOptions, IdxSource>;

export interface FashionMnistOptions {
  /** Folder of the four IDX files; null looks in the known places. */
  path?: string | null;
}

/** 60,000 + 10,000 images where Debian's dataset-fashion-mnist is installed, else 10,000 + 10,000. */
export const fashionMnist = {
  source: ({ path }, split) => idxSource(path ?? fashionMnistFolder(), split),
  classes: () => 10,
  shape: () => SHAPE,
  classNames: () => FASHION_CLASSES,
  fromConfig: ({ path }) => ({ path }),
  locations: fashionMnistLocations,
} satisfies DatasetDefinition<FashionMnistOptions, IdxSource>;

const FASHION_CLASSES = [
  'T-shirt/top',
  'Trouser',
  'Pullover',
  'Dress',
  'Coat',
  'Sandal',
  'Shirt',
  'Sneaker',
  'Bag',
  'Ankle boot',
];

function fashionMnistLocations(): DatasetLocation[] {
  const places = [
    {
      description: "60,000 + 10,000 images, Debian's dataset-fashion-mnist",
      path: '/usr/share/datasets/fashion-mnist',
    },
    {
      description: '10,000 + 10,000 images, embedded',
      path: join(packageRoot(), 'data', 'fashion-mnist-mini'),
    },
  ];
  return places.map((place) => ({
    kind: 'fashion-mnist',
    ...place,
    found: (['train', 'test'] as const).every((split) =>
      PARTS.every((part) => candidates(place.path, split, part).some((file) => existsSync(file))),
    ),
  }));
}

/** The folder of the best Fashion-MNIST there is. */
function fashionMnistFolder(): string {
  const places = fashionMnistLocations();
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

const PARTS = ['images-idx3', 'labels-idx1'] as const;

/** The names in use: with a dash or a dot before `idx`, compressed or not. */
function candidates(folder: string, split: Split, part: (typeof PARTS)[number]): string[] {
  const stem = `${split === 'train' ? 'train' : 't10k'}-${part}-ubyte`;
  return [stem, stem.replace('-idx', '.idx')].flatMap((name) => [
    join(folder, `${name}.gz`),
    join(folder, name),
  ]);
}

/** The image and label file of a split of a folder with MNIST's file names. */
function idxSource(folder: string, split: Split): IdxSource {
  const [images, labels] = PARTS.map((part) => firstExisting(candidates(folder, split, part)));
  return { format: 'idx', images: images!, labels: labels! };
}
