import { configArgument } from '../config/load.js';
import type { Config } from '../config/schema/config.js';
import { checkArguments } from '../core/check.js';
import { Group, inGroup } from '../distributed/group.js';
import type { RunDirectory } from '../run/directory.js';
import type { TrainingProgress } from '../train/loop.js';
import type { Stalled } from '../train/stalled.js';
import { type TrainResult, trainSupernet } from '../train/supernet.js';
import { openTrainingImages } from './images/images.js';
import { createNetwork, openSpace, samplerOf } from './setup/fromConfig.js';
import { asBefore, runTraining, shareTraining } from './training/trainingRun.js';
import type { WarmStartControl } from './training/warmStart.js';

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
  const { group = Group.alone() } = control;
  return await inGroup(group, () => trainTogether(config, group, control));
}

async function trainTogether(config: Config, group: Group, control: TrainControl): Promise<TrainResult> {
  const { signal, onProgress, onStalled, onNotice } = control;
  const space = openSpace(config.space);
  const sampler = samplerOf(space, config);
  using images = await openTrainingImages(await asBefore(config, control), space);
  using supernet = createNetwork(space, config, group);
  using shared = await shareTraining(config, 'train', space, images.train, control);
  const { parallel, loader, recipe } = shared;
  const work = (run?: RunDirectory) =>
    trainSupernet({
      supernet,
      loader,
      sampler,
      recipe,
      seed: config.seed,
      parallel,
      run,
      signal,
      onProgress,
      onStalled,
      onNotice,
    });
  return await runTraining({ config, section: 'train', network: supernet, recipe, images, work }, control);
}
