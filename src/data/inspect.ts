import { availableParallelism } from 'node:os';
import { checkArguments } from '../core/check.js';
import { addon } from '../runtime/addon.js';
import type { ImageProblem, Inspection } from '../runtime/native.js';
import { finishImageWork, type ImageWorkOptions } from './imageWork.js';
import { type DatasetConfig, datasetDefinition } from './kinds/index.js';
import type { Split } from './kinds/kind.js';

export interface InspectDatasetOptions extends ImageWorkOptions {
  /** Images to decode, evenly spread; of the others the header is read. Default: all. */
  decode?: number;
  /** Default: one for each processor. */
  threads?: number;
}

/** What is in one split of a data set. */
export interface DatasetReport {
  split: Split;
  images: number;
  /** Of all files that could be read. */
  bytes: number;
  /** Names of the classes and number of images of each. */
  classes: { name: string; images: number }[];
  formats: { jpeg: number; png: number; raw: number };
  /** Smallest, median and largest, in pixels, turned upright. */
  height: [number, number, number];
  width: [number, number, number];
  /** Per channel (RGB) in units of 0..1, of those decoded; every image counts alike. */
  mean: number[];
  std: number[];
  /** Number of images that `mean` and `std` were computed from. */
  decoded: number;
  /** What cannot be read or decoded. */
  broken: ImageProblem[];
  /** Numbers of files that are no JPEG or PNG, by extension. */
  ignored: Record<string, number>;
  /** False where the source is one set, without test images. */
  hasTest: boolean;
}

/**
 * Reads every image of a split, or of some only the header, and says what is there. Broken images are listed, not thrown.
 *
 * @throws SinglePathError `INVALID_DATASET` where the set as a whole cannot be opened, `ABORTED`.
 */
export async function inspectDataset(
  config: DatasetConfig,
  split: Split,
  options: InspectDatasetOptions = {},
): Promise<DatasetReport> {
  checkArguments('inspectDataset()', { datasetConfig: config, options });
  const { decode = -1, threads = availableParallelism(), ...control } = options;
  const definition = datasetDefinition(config.kind);
  const source = definition.source(config, split);
  const found = await finishImageWork(
    (cancel) => addon().inspectImages(source, { decode, threads, pixelLimit: 0 }, cancel),
    control,
  );
  return describe(
    split,
    found,
    found.classNames.length > 0 ? found.classNames : definition.classNames?.(config),
  );
}

function describe(split: Split, found: Inspection, names: readonly string[] | undefined): DatasetReport {
  const { images, bytes, jpeg, png, raw, height, width, perClass, mean, std, decoded, hasTest, notes } =
    found;
  const count = Math.max(perClass.length, names?.length ?? 0);
  return {
    split,
    images,
    bytes,
    classes: Array.from({ length: count }, (_, label) => ({
      name: names?.[label] ?? String(label),
      images: perClass[label] ?? 0,
    })),
    formats: { jpeg, png, raw },
    height,
    width,
    mean,
    std,
    decoded,
    broken: [...notes.problems, ...found.broken],
    ignored: notes.ignored,
    hasTest,
  };
}
