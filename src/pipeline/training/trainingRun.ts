import type { Config } from '../../config/schema/config.js';
import type { Dataset } from '../../data/dataset.js';
import type { DataLoader } from '../../data/loader.js';
import { Group } from '../../distributed/group.js';
import { RunDirectory } from '../../run/directory.js';
import { holdsResult } from '../../run/header.js';
import { noteImages } from '../../run/images.js';
import type { Architecture, SearchSpace } from '../../space/types.js';
import type { Supernet } from '../../supernet/supernet.js';
import { type DataParallel, dataParallelOf, describeShare, ownShards } from '../../train/dataParallel.js';
import type { Recipe } from '../../train/recipe.js';
import { type Images, trainingLoader } from '../images/images.js';
import { checkSamePixels, pixelSampleOf } from '../images/pixelSample.js';
import { describeOtherMachine } from '../runs/computedBy.js';
import { rankIdentity, tablesIdentity, trainingIdentity } from '../runs/identity.js';
import { recordOf, reportBroken, splitOf, withNormalization } from '../runs/imageRecord.js';
import { keptConfig, type RunControl, resumes } from '../runs/runs.js';
import { provenance, recipeOf, warmupNotice } from '../setup/fromConfig.js';
import { type WarmStartControl, warmStart } from './warmStart.js';

/** What a training of a configuration's section needs, shared between the processes of a group. */
export interface SharedTraining extends Disposable {
  parallel: DataParallel | undefined;
  loader: DataLoader;
  recipe: Recipe;
}

/**
 * The configuration for the images of a training: one that goes on normalizes them as it did before. Rank 0 alone knows how, as it
 * has the run directory.
 */
export async function asBefore(
  config: Config,
  control: Pick<RunControl, 'group' | 'resume' | 'runDir'>,
): Promise<Config> {
  const { group = Group.alone(), runDir } = control;
  const noted = group.rank === 0 && resumes(control) ? withNormalization(config, runDir) : config;
  const normalize = await group.fromFirst('normalize', noted.data.normalize);
  return { ...config, data: { ...config.data, normalize } };
}

/**
 * Prepares a training: the ranks make sure that they are about to do the same, and each loads its part of every batch.
 *
 * @throws SinglePathError `INVALID_CONFIG` where the batch cannot be shared out, `RANKS_DIFFER`, `RANK_LOST`.
 */
export async function shareTraining(
  config: Config,
  section: 'train' | 'retrain',
  space: SearchSpace,
  images: Dataset,
  { group = Group.alone(), onNotice }: Pick<RunControl, 'group' | 'onNotice'>,
): Promise<SharedTraining> {
  const { batchSize, learningRate } = config[section];
  const parallel = dataParallelOf(group, config.distributed, batchSize);
  const loader = trainingLoader(images, config, batchSize, parallel);
  try {
    const recipe = recipeOf(config[section], loader.batchesPerEpoch / ownShards(parallel));
    const { normalization } = images;
    await group.connect(rankIdentity(config, section, space, { ...splitOf(images), normalization }));
    const { share, warning } = describeShare(parallel, { ...recipe, batchSize }, learningRate);
    for (const message of [share, warning, warmupNotice(section, recipe)])
      if (message !== undefined) onNotice?.(message);
    return { parallel, loader, recipe, [Symbol.dispose]: () => loader.dispose() };
  } catch (error) {
    loader.dispose();
    throw error;
  }
}

/** A training whose data, network and share are ready. */
export interface PreparedTraining<Result> {
  config: Config;
  section: 'train' | 'retrain';
  /** The supernet, or the network that is retrained. */
  network: Supernet;
  recipe: Recipe;
  images: Pick<Images, 'train'> & Partial<Images> & { test?: Dataset };
  /** Of a retraining. */
  architecture?: Architecture;
  /** Trains; only rank 0 has a run directory. */
  work: (run?: RunDirectory) => Promise<Result>;
}

/**
 * Trains. Rank 0 loads the weights to begin with and keeps everything in the run directory: configuration, identity, which
 * images are used and which of them were broken.
 *
 * @throws SinglePathError what `warmStart`, `RunDirectory.open` and `work` throw.
 */
export async function runTraining<Result>(
  { config, section, network, recipe, images, architecture, work }: PreparedTraining<Result>,
  control: WarmStartControl & { search?: string | undefined },
): Promise<Result> {
  const { group = Group.alone(), runDir, search } = control;
  if (group.rank > 0) return await work();
  const { train, test } = images;
  const resume = resumes(control);
  const start = await warmStart(network, recipe, { ...control, resume }, architecture);
  using run = await RunDirectory.open(runDir, {
    kind: section,
    space: network.space,
    ...keptConfig(config),
    identity: {
      ...(architecture && { architecture: [...architecture] }),
      ...trainingIdentity(config, section),
      ...tablesIdentity(config, section, network.space),
      images: splitOf(train),
      ...(test && { testImages: splitOf(test) }),
      ...(start && { from: start.hash }),
    },
    sources: { ...(start && { from: start.path }), ...(search !== undefined && { search }) },
    resume,
    ...provenance(config),
  });
  const goesOn = run.resumed && !holdsResult(run.path);
  const other = goesOn ? describeOtherMachine(run.path, config.runtime) : undefined;
  if (other !== undefined) control.onNotice?.(other);
  const pixels = await pixelSampleOf(config, network.space, images);
  checkSamePixels(run.path, pixels);
  await noteImages(run.path, { ...recordOf(config, images), pixels });
  try {
    return await work(run);
  } finally {
    await reportBroken(run.path, test ? [train, test] : [train], control);
  }
}
