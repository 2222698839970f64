import type { Config } from '../../config/schema/config.js';
import { UniformSampler } from '../../sampling/uniform.js';
import { batchGroups } from '../../train/batches.js';
import { stepOptions } from '../../train/recipe.js';
import { openTrainingImages, trainingLoader } from '../images/images.js';
import { createNetwork, openSpace, recipeOf } from '../setup/fromConfig.js';

const [WARM, TIMED] = [2, 6];

/**
 * Seconds that an image takes in the training of a configuration's supernet on this machine: the mean of a few steps with paths
 * drawn uniformly, reading the images included. Nothing is kept.
 */
export async function secondsPerImage(config: Config, signal?: AbortSignal): Promise<number> {
  const space = openSpace(config.space);
  using images = await openTrainingImages(config, space);
  using loader = trainingLoader(images.train, config, config.train.batchSize);
  using network = createNetwork(space, config);
  const recipe = recipeOf(config.train, loader.batchesPerEpoch);
  const sampler = new UniformSampler(space, config.seed);
  let [step, start, seen] = [0, performance.now(), 0];
  for await (const batches of batchGroups(loader, { first: 0, groups: WARM + TIMED, size: 1, signal })) {
    const result = await network.step(batches, sampler.at(step), stepOptions(recipe, config.seed, step));
    for (const batch of batches) batch.dispose();
    step++;
    if (step > WARM) seen += result.images;
    else start = performance.now();
  }
  return (performance.now() - start) / 1000 / Math.max(1, seen);
}
