import type { Config } from '../config/schema/config.js';
import type { Dataset } from '../data/dataset.js';
import type { DataLoader } from '../data/loader.js';
import { Group } from '../distributed/group.js';
import type { SearchSpace } from '../space/types.js';
import { type DataParallel, dataParallelOf, describeShare, ownShards } from '../train/dataParallel.js';
import type { Recipe } from '../train/recipe.js';
import { recipeOf } from './fromConfig.js';
import { rankIdentity } from './identity.js';
import { splitOf } from './imageRecord.js';
import { trainingLoader } from './images.js';
import type { RunControl } from './runs.js';

/** What a training of a configuration's section needs, shared between the processes of a group. */
export interface SharedTraining extends Disposable {
  parallel: DataParallel | undefined;
  loader: DataLoader;
  recipe: Recipe;
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
    await group.connect(rankIdentity(config, section, space, splitOf(images)));
    const { share, warning } = describeShare(parallel, { ...recipe, batchSize }, learningRate);
    for (const message of [share, warning]) if (message !== undefined) onNotice?.(message);
    return { parallel, loader, recipe, [Symbol.dispose]: () => loader.dispose() };
  } catch (error) {
    loader.dispose();
    throw error;
  }
}

/** A launcher starts ranks again with the command they had. */
export function resumes({ group, resume = false }: Pick<RunControl, 'group' | 'resume'>): boolean {
  return resume || (group?.place.restarts ?? 0) > 0;
}
