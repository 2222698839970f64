/** What a data set is to singlepath: one definition per kind, each in the file of its name, all in `index.ts`. */

import { SinglePathError } from '../../core/errors.js';

export type Split = 'train' | 'test';

/** What the `data` section of a configuration says about where images come from. */
export interface DataSettings {
  path: string | null;
  testPath: string | null;
  testFraction: number;
  /** Numbers of images; null: all there are. */
  trainImages: number | null;
  testImages: number | null;
}

/** The images and the number of classes that the search space of a configuration takes. */
export interface WantedImages {
  channels: number;
  /** Height = width. */
  size: number;
  classes: number;
}

/** A place where a data set is looked for. */
export interface DatasetLocation {
  kind: string;
  description: string;
  path: string;
  found: boolean;
}

/**
 * Everything TypeScript knows of a kind of data set. `Options` is what the library's user writes beside `kind`;
 * `Source` is what the native reader of that `format` takes (native/binding/dataset_source.cc).
 */
export interface DatasetDefinition<Options extends object, Source extends { format: string }> {
  /**
   * One split as the native side opens it.
   *
   * @throws SinglePathError `INVALID_ARGUMENT` (options), `INVALID_DATASET` (files that are not there).
   */
  source(options: Options, split: Split): Source;
  /** Number of classes, where it is known before the labels are read. Absent: the largest label + 1. */
  classes?(options: Options): number;
  /** Shape of every image, [channels, height, width], where it is known before the files are read. */
  shape?(options: Options): readonly [number, number, number];
  /** Names of the classes, where the files do not give them. Absent: their numbers. */
  classNames?(options: Options): readonly string[] | undefined;
  /**
   * Options from a configuration. Absent: only programs can name this kind.
   *
   * @throws SinglePathError `INVALID_CONFIG` where the configuration lacks something.
   */
  fromConfig?(data: DataSettings, wanted: WantedImages): Options;
  /** Image files of any size, class by class: a limited number is taken of every class, not from the front. */
  imageFiles?: true;
  /** Where it is looked for without a path, in order of preference (`singlepath doctor` lists them). */
  locations?(): DatasetLocation[];
}

/** A kind that is a folder of files. */
export interface FolderOptions {
  path: string;
}

/** `fromConfig` of the kinds that need a folder. */
export const folderFromConfig =
  (kind: string) =>
  ({ path }: DataSettings): FolderOptions => {
    if (path !== null) return { path };
    throw new SinglePathError('INVALID_CONFIG', `Expected data.path, the folder of '${kind}'`, {
      hint: 'for example --set data.path=data/cifar-10-batches-bin',
    });
  };
