import { availableParallelism } from 'node:os';
import { checkArguments } from '../core/check.js';
import { expected } from '../core/errors.js';
import { checkFree } from '../core/files.js';
import { addon, packageVersion } from '../runtime/addon.js';
import type { PackReport } from '../runtime/native.js';
import { DATA_DEFAULTS } from './defaults.js';
import { finishImageWork, type ImageWorkOptions } from './imageWork.js';
import { type DatasetConfig, datasetDefinition } from './kinds/index.js';

/** Of JPEGs that are encoded again. */
const QUALITY = 90;

export interface PackDatasetOptions extends ImageWorkOptions {
  /**
   * Short side in pixels to which larger images are scaled and encoded again; smaller ones keep their bytes. Default:
   * none, all images keep the bytes of their files.
   */
  resize?: number;
  /** Quality of JPEGs that are encoded again, 1 to 100; only with `resize`. Default 90. */
  quality?: number;
  /** Keep decoded RGB pixels instead of JPEG and PNG: larger, and nothing is left to decode. Default false. */
  raw?: boolean;
  /** Leave broken images out instead of stopping at the first. Default `error`. */
  broken?: 'error' | 'skip';
  /** Share of images that may be left out. Default 0.01. */
  brokenShare?: number;
  /** Go on with what an interrupted call left. Default false: start anew. */
  resume?: boolean;
  /** Replace a file that is there. Default false. */
  overwrite?: boolean;
  /** Default: one for each processor. */
  threads?: number;
}

/**
 * Packs training and test images of a data set into one file that `kind: 'packed'` reads. The file is a function of images
 * and options alone and gets its name when it is complete; until then `<path>.partial` and its journal hold what is done.
 *
 * @throws SinglePathError `INVALID_DATASET` (broken images), `INVALID_ARGUMENT`, `IO`, `ABORTED`.
 */
export async function packDataset(
  config: DatasetConfig,
  path: string,
  options: PackDatasetOptions = {},
): Promise<PackReport> {
  checkArguments('packDataset()', { datasetConfig: config, path, options });
  const { resize = 0, quality, raw = false } = options;
  const { broken = DATA_DEFAULTS.broken, brokenShare = DATA_DEFAULTS.brokenShare } = options;
  const { resume = false, overwrite = false, threads = availableParallelism(), signal, onProgress } = options;
  if (!Number.isInteger(resize) || resize < 0 || resize > 65_500) {
    throw expected('a side from 1 to 65500 pixels', 'resize', resize);
  }
  const mode = raw ? 'raw' : resize > 0 ? 'jpeg' : 'original';
  checkQuality(quality, mode);
  if (!overwrite) checkFree(path, 'path for the packed file', '--overwrite replaces it');
  const { source } = datasetDefinition(config.kind);
  const root =
    'path' in config && typeof config.path === 'string' ? `${config.path.replace(/\/+$/, '')}/` : '';
  const notes = JSON.stringify({
    version: packageVersion(),
    kind: config.kind,
    mode,
    ...(resize > 0 && { resize }),
    ...(mode === 'jpeg' && { quality: quality ?? QUALITY }),
  });
  const settings = {
    mode,
    shortSide: resize,
    quality: quality ?? QUALITY,
    threads,
    pixelLimit: 0,
    skipBroken: broken === 'skip',
    brokenShare,
    resume,
    root,
    notes,
  } as const;
  // Images in memory may come without test images; of files, the addon finds out.
  const test = 'train' in config && config.test === undefined ? null : source(config, 'test');
  return await finishImageWork(
    (cancel) => addon().packImages(path, source(config, 'train'), test, settings, cancel),
    { signal, onProgress },
  );
}

/** @throws SinglePathError `INVALID_ARGUMENT` for no quality, or one where no image is encoded again. */
function checkQuality(quality: number | undefined, mode: 'raw' | 'jpeg' | 'original'): void {
  if (quality === undefined) return;
  if (!Number.isInteger(quality) || quality < 1 || quality > 100)
    throw expected('an integer from 1 to 100', 'quality', quality);
  if (mode === 'jpeg') return;
  const kept = mode === 'raw' ? 'raw keeps pixels' : 'without resize images keep their bytes';
  throw expected('none', `quality, as ${kept},`, quality, {
    hint: 'quality is that of images that resize encodes again',
  });
}
