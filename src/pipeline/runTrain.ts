import { configArgument } from '../config/load.js';
import type { Config } from '../config/schema/config.js';
import { checkArguments } from '../core/check.js';
import { RunDirectory } from '../run/directory.js';
import { noteImages } from '../run/images.js';
import type { TrainingProgress } from '../train/loop.js';
import type { Stalled } from '../train/stalled.js';
import { type TrainResult, trainSupernet } from '../train/supernet.js';
import { createNetwork, openSpace, provenance, recipeOf, samplerOf } from './fromConfig.js';
import { trainingIdentity } from './identity.js';
import { recordOf, reportBroken, splitOf } from './imageRecord.js';
import { openTrainingImages, trainingLoader } from './images.js';
import { keptConfig } from './runs.js';
import { type WarmStartControl, warmStart } from './warmStart.js';

export interface TrainControl extends WarmStartControl {
  onProgress?: (progress: TrainingProgress) => void;
  /** Told where the training learns nothing. */
  onStalled?: (stalled: Stalled) => void;
}

/**
 * Trains the supernet of a configuration into a run directory.
 *
 * @throws SinglePathError what trainSupernet throws, `INFEASIBLE_CONSTRAINT` for the sampler's constraints,
 *   `INVALID_CONFIG` for a run directory of another run.
 */
export async function runTrain(given: Config, control: TrainControl): Promise<TrainResult> {
  const config = configArgument('runTrain()', given);
  checkArguments('runTrain()', { control });
  checkArguments('runTrain()', { path: control.runDir });
  const { runDir, resume = false, signal, onProgress, onStalled } = control;
  const space = openSpace(config.space);
  const sampler = samplerOf(space, config);
  using images = await openTrainingImages(config, space);
  using loader = trainingLoader(images.train, config, config.train.batchSize);
  using supernet = createNetwork(space, config);
  const recipe = recipeOf(config.train, loader.batchesPerEpoch);
  const start = await warmStart(supernet, recipe, control);
  using run = await RunDirectory.open(runDir, {
    kind: 'train',
    space,
    ...keptConfig(config),
    identity: {
      ...trainingIdentity(config, 'train'),
      images: splitOf(images.train),
      ...(start && { from: start.hash }),
    },
    ...(start && { sources: { from: start.path } }),
    resume,
    ...provenance(config),
  });
  await noteImages(run.path, recordOf(config, images));
  try {
    return await trainSupernet({
      supernet,
      loader,
      sampler,
      recipe,
      seed: config.seed,
      run,
      signal,
      onProgress,
      onStalled,
    });
  } finally {
    await reportBroken(run.path, [images.train], control);
  }
}
