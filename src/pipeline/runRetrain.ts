import { configArgument } from '../config/load.js';
import type { Config } from '../config/schema/config.js';
import { checkArguments } from '../core/check.js';
import { Group, inGroup } from '../distributed/group.js';
import type { RunDirectory } from '../run/directory.js';
import { deriveSubnet } from '../space/subnet.js';
import type { Architecture } from '../space/types.js';
import type { TrainingProgress } from '../train/loop.js';
import { type RetrainResult, retrain } from '../train/retrain.js';
import type { Stalled } from '../train/stalled.js';
import { FixedImages, openImages } from './images/images.js';
import { Disposables } from './setup/disposables.js';
import { createNetwork, openSpace } from './setup/fromConfig.js';
import { asBefore, runTraining, shareTraining } from './training/trainingRun.js';
import type { WarmStartControl } from './training/warmStart.js';

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
  const { signal, onProgress, onStalled, onNotice } = control;
  const space = deriveSubnet(openSpace(config.space), architecture);
  const normalized = await asBefore(config, control);
  using train = await openImages(normalized, space, 'train');
  using test = await openImages(normalized, space, 'test');
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
      network,
      loader,
      recipe,
      seed: config.seed,
      parallel,
      run,
      signal,
      calibration,
      validation,
      validateEvery,
      onProgress,
      onStalled,
      onNotice,
    });
  return await runTraining(
    { config, section: 'retrain', network, recipe, images: { train, test }, architecture, work },
    control,
  );
}
