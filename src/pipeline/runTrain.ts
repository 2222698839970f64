import { configArgument } from '../config/load.js';
import type { Config } from '../config/schema/config.js';
import { checkArguments } from '../core/check.js';
import { Group, inGroup } from '../distributed/group.js';
import { RunDirectory } from '../run/directory.js';
import { noteImages } from '../run/images.js';
import type { TrainingProgress } from '../train/loop.js';
import type { Stalled } from '../train/stalled.js';
import { type TrainResult, trainSupernet } from '../train/supernet.js';
import { createNetwork, openSpace, provenance, samplerOf } from './fromConfig.js';
import { trainingIdentity } from './identity.js';
import { recordOf, reportBroken, splitOf } from './imageRecord.js';
import { openTrainingImages } from './images.js';
import { keptConfig } from './runs.js';
import { resumes, shareTraining } from './shared.js';
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
  const { group = Group.alone() } = control;
  return await inGroup(group, () => trainTogether(config, group, control));
}

async function trainTogether(config: Config, group: Group, control: TrainControl): Promise<TrainResult> {
  const { runDir, signal, onProgress, onStalled, onNotice } = control;
  const resume = resumes(control);
  const space = openSpace(config.space);
  const sampler = samplerOf(space, config);
  using images = await openTrainingImages(config, space);
  using supernet = createNetwork(space, config, group);
  using shared = await shareTraining(config, 'train', space, images.train, control);
  const { parallel, loader, recipe } = shared;
  const train = (run?: RunDirectory) =>
    trainSupernet({
      ...{ supernet, loader, sampler, recipe, seed: config.seed, parallel, run, signal },
      ...{ onProgress, onStalled, onNotice },
    });
  if (group.rank > 0) return await train();
  const start = await warmStart(supernet, recipe, { ...control, resume });
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
    return await train(run);
  } finally {
    await reportBroken(run.path, [images.train], control);
  }
}
