import { configArgument } from '../config/load.js';
import type { Config } from '../config/schema/config.js';
import { checkArguments } from '../core/check.js';
import { RunDirectory } from '../run/directory.js';
import { noteImages } from '../run/images.js';
import { deriveSubnet } from '../space/subnet.js';
import type { Architecture } from '../space/types.js';
import type { TrainingProgress } from '../train/loop.js';
import { type RetrainResult, retrain } from '../train/retrain.js';
import type { Stalled } from '../train/stalled.js';
import { createNetwork, openSpace, provenance, recipeOf } from './fromConfig.js';
import { trainingIdentity } from './identity.js';
import { recordOf, reportBroken, splitOf } from './imageRecord.js';
import { FixedImages, openImages, trainingLoader } from './images.js';
import { keptConfig } from './runs.js';
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
  const { runDir, resume = false, signal, onProgress, onStalled } = control;
  const space = deriveSubnet(openSpace(config.space), architecture);
  using train = await openImages(config, space, 'train');
  using test = await openImages(config, space, 'test');
  using loader = trainingLoader(train, config, config.retrain.batchSize);
  using network = createNetwork(space, config);
  const { calibrationImages, validateEvery } = config.retrain;
  const fixed = new FixedImages(config, signal);
  const calibration = calibrationImages === 0 ? [] : await fixed.batches(train, calibrationImages);
  const validation = await fixed.batches(test);
  const recipe = recipeOf(config.retrain, loader.batchesPerEpoch);
  const start = await warmStart(network, recipe, control);
  using run = await RunDirectory.open(runDir, {
    kind: 'retrain',
    space,
    ...keptConfig(config),
    identity: {
      architecture: [...architecture],
      ...trainingIdentity(config, 'retrain'),
      images: splitOf(train),
      ...(start && { from: start.hash }),
    },
    sources: { ...(start && { from: start.path }), ...(control.search && { search: control.search }) },
    resume,
    ...provenance(config),
  });
  await noteImages(run.path, recordOf(config, { train }));
  const { seed } = config;
  try {
    return await retrain({
      network,
      loader,
      recipe,
      seed,
      calibration,
      validation,
      validateEvery,
      run,
      signal,
      onProgress,
      onStalled,
    });
  } finally {
    await reportBroken(run.path, [train, test], control);
    for (const batch of [...calibration, ...validation]) batch.dispose();
  }
}
