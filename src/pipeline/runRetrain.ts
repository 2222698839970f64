import { configArgument } from '../config/load.js';
import type { Config } from '../config/schema/config.js';
import { checkArguments } from '../core/check.js';
import { Group, inGroup } from '../distributed/group.js';
import { RunDirectory } from '../run/directory.js';
import { noteImages } from '../run/images.js';
import { deriveSubnet } from '../space/subnet.js';
import type { Architecture } from '../space/types.js';
import type { TrainingProgress } from '../train/loop.js';
import { type RetrainResult, retrain } from '../train/retrain.js';
import type { Stalled } from '../train/stalled.js';
import { Disposables } from './disposables.js';
import { createNetwork, openSpace, provenance } from './fromConfig.js';
import { trainingIdentity } from './identity.js';
import { recordOf, reportBroken, splitOf } from './imageRecord.js';
import { FixedImages, openImages } from './images.js';
import { keptConfig } from './runs.js';
import { resumes, shareTraining } from './shared.js';
import { type WarmStartControl, warmStart } from './warmStart.js';

export interface RetrainControl extends WarmStartControl {
  /** Run directory of the search that found the architecture, to be noted. */
  search?: string | undefined;
  onProgress?: (progress: TrainingProgress) => void;
  /** Told where the training learns nothing. */
  onStalled?: (stalled: Stalled) => void;
}

/**
 * Trains one architecture of a configuration's space from scratch, on all training images (those held out for the
 * search included), and scores it on the test images.
 *
 * @throws SinglePathError what `retrain` throws, `INVALID_ARGUMENT` for the architecture.
 */
export async function runRetrain(
  given: Config,
  architecture: Architecture,
  control: RetrainControl,
): Promise<RetrainResult> {
  const config = configArgument('runRetrain()', given);
  checkArguments('runRetrain()', { control });
  checkArguments('runRetrain()', { path: control.runDir });
  const { group = Group.alone() } = control;
  return await inGroup(group, () => retrainTogether(config, architecture, group, control));
}

async function retrainTogether(
  config: Config,
  architecture: Architecture,
  group: Group,
  control: RetrainControl,
): Promise<RetrainResult> {
  const { runDir, signal, onProgress, onStalled, onNotice } = control;
  const resume = resumes(control);
  const space = deriveSubnet(openSpace(config.space), architecture);
  using train = await openImages(config, space, 'train');
  using test = await openImages(config, space, 'test');
  using network = createNetwork(space, config, group);
  using shared = await shareTraining(config, 'retrain', space, train, control);
  const { parallel, loader, recipe } = shared;
  const { calibrationImages, validateEvery } = config.retrain;
  const fixed = new FixedImages(config, signal);
  using batches = new Disposables();
  const calibration = calibrationImages === 0 ? [] : await fixed.batches(train, calibrationImages);
  batches.addAll(calibration);
  const validation = await fixed.batches(test);
  batches.addAll(validation);
  const work = (run?: RunDirectory) =>
    retrain({
      ...{ network, loader, recipe, seed: config.seed, parallel, run, signal },
      ...{ calibration, validation, validateEvery, onProgress, onStalled, onNotice },
    });
  if (group.rank > 0) return await work();
  const start = await warmStart(network, recipe, { ...control, resume }, architecture);
  using run = await RunDirectory.open(runDir, {
    kind: 'retrain',
    space,
    ...keptConfig(config),
    identity: {
      architecture: [...architecture],
      ...trainingIdentity(config, 'retrain'),
      images: splitOf(train),
      testImages: splitOf(test),
      ...(start && { from: start.hash }),
    },
    sources: { ...(start && { from: start.path }), ...(control.search && { search: control.search }) },
    resume,
    ...provenance(config),
  });
  await noteImages(run.path, recordOf(config, { train }));
  try {
    return await work(run);
  } finally {
    await reportBroken(run.path, [train, test], control);
  }
}
