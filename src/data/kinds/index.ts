/**
 * The table of data sets. A row feeds the library's types, the configuration's schema, what the native side is asked
 * to open, and `singlepath doctor`. Pure: nothing here loads the addon.
 */

import { checkArguments } from '../../core/check.js';
import { didYouMean, expected } from '../../core/errors.js';
import { arrays } from './arrays.js';
import { cifar10, cifar100 } from './cifar.js';
import { encoded } from './encoded.js';
import { fashionMnist, idx, mnist } from './idx.js';
import type { ImageConfig } from './imageConfig.js';
import { csv, imageFolder, packed, tar, tinyImagenet, webdataset } from './imageFiles.js';
import type { DatasetDefinition, DatasetLocation } from './kind.js';
import type { Preset } from './normalization.js';
import { synthetic } from './synthetic.js';

/** Every kind of data set by its name. */
export const datasets = {
  'fashion-mnist': fashionMnist,
  mnist,
  idx,
  cifar10,
  cifar100,
  'image-folder': imageFolder,
  'tiny-imagenet': tinyImagenet,
  tar,
  webdataset,
  csv,
  packed,
  synthetic,
  arrays,
  encoded,
};

type Datasets = typeof datasets;

export type DatasetKind = keyof Datasets;

interface CommonConfig extends ImageConfig {
  /**
   * Mean and standard deviation per channel, in units of 0..1 and in the channel order of the images: given, the
   * published ones of a known data set, or (`auto`, the default) computed from the training images.
   */
  normalize?: 'auto' | Preset | { mean: number[]; std: number[] };
}

type OptionsOf<Kind extends DatasetKind> = Parameters<Datasets[Kind]['source']>[0];

/** A data set to open: its kind, the options of that kind, and how pixels become numbers. */
export type DatasetConfig = CommonConfig &
  { [Kind in DatasetKind]: { kind: Kind } & OptionsOf<Kind> }[DatasetKind];

/** Where the native side takes a data set from. Paths name gzip or plain files. */
export type DatasetSource = ReturnType<Datasets[DatasetKind]['source']>;

type Definition = DatasetDefinition<object, DatasetSource>;

/** The definition of a kind, typed for any kind. @throws SinglePathError `INVALID_ARGUMENT` for an unknown one. */
export function datasetDefinition(kind: string): Definition {
  checkArguments('the kind of a data set', { text: kind });
  if (!Object.hasOwn(datasets, kind)) {
    throw expected('a known kind of data set', 'kind', kind, {
      hint: didYouMean(kind, Object.keys(datasets)),
    });
  }
  return datasets[kind as DatasetKind] as Definition;
}

type Configurable = {
  [Kind in DatasetKind]: Datasets[Kind] extends Required<Pick<Definition, 'fromConfig'>> ? Kind : never;
}[DatasetKind];

/** The kinds that a configuration can name. */
export const CONFIGURABLE_KINDS = Object.keys(datasets).filter(
  (kind) => datasetDefinition(kind).fromConfig !== undefined,
) as Configurable[];

/** Where data sets are looked for without a path, in order of preference. */
export function datasetLocations(): DatasetLocation[] {
  return Object.keys(datasets).flatMap((kind) => datasetDefinition(kind).locations?.() ?? []);
}
