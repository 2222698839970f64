import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expected, SinglePathError } from '../../core/errors.js';
import { requiredPath } from './files.js';
import type { DataSettings, DatasetDefinition, Split } from './kind.js';
import { findShards } from './shards.js';

/** Ways in which encoded images lie on disk: native/data/sources/. */
export type ImageFilesKind = 'image-folder' | 'tiny-imagenet' | 'tar' | 'webdataset' | 'csv' | 'packed';

export interface ImageFilesOptions {
  /** Folder, archive, shards (a brace range or their folder), table, or packed file. */
  path: string;
  /** Where the test images are, if not with the others. */
  testPath?: string | null;
  /**
   * Where there are no test images at all: the share of every class that is set aside as such, drawn once and for all.
   * Default 0: none, all images are training images.
   */
  testFraction?: number;
}

export interface ImageFilesSource {
  format: 'images';
  kind: ImageFilesKind;
  /** One path, or the shards. */
  paths: string[];
  testPaths: string[];
  split: Split;
  /** Where there are no test images, deliver all images for the test split, too. */
  wholeWithoutTest: boolean;
}

/** `train/<class>/**.jpg|jpeg|png` beside `val/` or `test/`; or class folders only: one set. */
export const imageFolder = imageFiles(
  'image-folder',
  'a folder with one folder of images for each class',
  'photos',
);

/** Tiny-ImageNet as it is distributed: `train/<class>/images/`, and `val/` with val_annotations.txt. */
export const tinyImagenet = imageFiles(
  'tiny-imagenet',
  'the folder of Tiny-ImageNet',
  'data/tiny-imagenet-200',
);

/** A plain tar archive of an image folder, read in place. */
export const tar = imageFiles('tar', 'a tar archive of class folders', 'photos.tar');

/** WebDataset shards: `key.jpg` with `key.cls` or `key.json`. */
export const webdataset = imageFiles('webdataset', 'WebDataset shards', "'shards/train-{0000..0009}.tar'");

/** A CSV or TSV of `path,label`, paths relative to its folder. */
export const csv = imageFiles('csv', 'a table of path,label', 'photos/labels.csv');

/** A file that `singlepath data pack` made. */
export const packed = imageFiles('packed', 'a packed file', 'photos.spk');

function imageFiles(kind: ImageFilesKind, what: string, example: string) {
  const existing = (path: string): string => {
    if (existsSync(path)) return path;
    throw new SinglePathError('INVALID_DATASET', `Expected ${what} at '${path}' but there is none`, {
      hint: `check data.path, for example --set data.path=${example}`,
    });
  };
  return {
    source({ path, testPath = null, testFraction = 0 }: ImageFilesOptions, split: Split): ImageFilesSource {
      if (!(testFraction >= 0 && testFraction < 1)) {
        throw expected('a share from 0 to below 1', 'testFraction', testFraction);
      }
      const common = { format: 'images', kind, split, wholeWithoutTest: testFraction > 0 } as const;
      const given = requiredPath(kind, path);
      if (kind !== 'webdataset') {
        const testPaths = testPath === null ? [] : [existing(testPath)];
        return { ...common, paths: [existing(given)], testPaths };
      }
      const { train, test } = findShards(given);
      return { ...common, paths: train, testPaths: testPath === null ? test : findShards(testPath).train };
    },
    imageFiles: true as const,
    fromConfig: ({ path, testPath, testFraction }: DataSettings): ImageFilesOptions => ({
      path: path ?? (kind === 'image-folder' ? knownFolder() : missingPath(kind, example)),
      testPath,
      testFraction,
    }),
  } satisfies DatasetDefinition<ImageFilesOptions, ImageFilesSource>;
}

const KNOWN_FOLDERS = ['.', 'data', 'images'];

/** Where an image folder is looked for without a path. */
function knownFolder(): string {
  const found = KNOWN_FOLDERS.find((folder) => existsSync(join(folder, 'train')));
  if (found !== undefined) return found;
  const places = KNOWN_FOLDERS.map((folder) => `'${join(folder, 'train')}'`).join(', ');
  throw new SinglePathError(
    'INVALID_CONFIG',
    `Expected data.path, the folder of 'image-folder', or one of ${places} in the working folder but found none`,
    { hint: 'for example --set data.path=photos, a folder with one folder of images for each class' },
  );
}

function missingPath(kind: ImageFilesKind, example: string): never {
  throw new SinglePathError('INVALID_CONFIG', `Expected data.path, the place of '${kind}'`, {
    hint: `for example --set data.path=${example}`,
  });
}
