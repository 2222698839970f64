import { checkArguments, checkCallbacks } from '../core/check.js';
import { SinglePathError } from '../core/errors.js';
import type { RunDirectory } from '../run/directory.js';
import type { NativeBatch, StepOptions, StepResult } from '../runtime/native.js';
import type { Sampler } from '../sampling/sampler.js';
import type { Architecture } from '../space/types.js';
import { type BatchLoader, batchGroups } from './batches.js';
import { DataClock } from './dataClock.js';
import { type Recipe, stepOptions } from './recipe.js';
import { type StatefulNetwork, TrainingSession } from './session.js';
import { type Stalled, StallWatch } from './stalled.js';

/** What the loop calls of a Supernet. */
export interface TrainableNetwork extends StatefulNetwork {
  step(batches: NativeBatch[], architecture: Architecture, options: StepOptions): Promise<StepResult>;
}

export interface TrainingProgress {
  /** Steps done, and of how many. */
  step: number;
  steps: number;
  epoch: number;
  /** Loss, and number of images, of this step alone. */
  loss: number;
  images: number;
  learningRate: number;
}

export interface TrainingOptions {
  network: TrainableNetwork;
  loader: BatchLoader;
  /** The path of each step. */
  sampler: Sampler;
  recipe: Recipe;
  /** Seed of the dropout masks. The loader and the sampler have seeds of their own. */
  seed: number;
  /** Where checkpoints, events and TensorBoard files go; without it nothing is written. */
  run?: RunDirectory | undefined;
  /** Stops after the present step, with a checkpoint. */
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: TrainingProgress) => void) | undefined;
  /** Number of classes: with it the training says where it learns nothing. */
  classes?: number | undefined;
  onStalled?: ((stalled: Stalled) => void) | undefined;
  /** Called once at the end of each epoch; `notes` are saved with checkpoints. It must not change weights. */
  onEpoch?: ((session: TrainingSession) => Promise<void>) | undefined;
  /** Called after the last step, before the last checkpoint. */
  onFinish?: ((session: TrainingSession) => Promise<void>) | undefined;
}

/**
 * The training loop of supernets and of single networks. Every step is a function of (weights, step number), so
 * resuming from any checkpoint gives the bit-identical result.
 *
 * @throws SinglePathError `NON_FINITE_LOSS` with the step and the path; `ABORTED` after the checkpoint was saved.
 */
export async function trainingLoop(options: TrainingOptions): Promise<TrainingSession> {
  checkArguments('a training', { options });
  const { network, loader, sampler, recipe, seed, run, signal, onProgress, onEpoch, onFinish } = options;
  const { classes, onStalled } = options;
  checkArguments('a training', { network, loader, sampler, recipe });
  checkCallbacks({ onProgress, onEpoch, onFinish, onStalled });
  const watch = classes === undefined ? undefined : new StallWatch(classes, recipe.warmupSteps);
  const { steps, accumulate } = recipe;
  const session = await TrainingSession.open(network, recipe, run);
  const { state } = session;
  const epochsAt = (step: number) => Math.floor((step * accumulate) / loader.batchesPerEpoch);
  const endEpoch = async () => {
    if (state.epochs >= epochsAt(state.step)) return;
    await onEpoch?.(session);
    state.epochs = epochsAt(state.step);
  };
  try {
    await endEpoch(); // stopped between an epoch's last step and its end
    const range = { first: state.step * accumulate, groups: steps - state.step, size: accumulate, signal };
    const clock = new DataClock(loader);
    for await (const batches of clock.watch(batchGroups(loader, range))) {
      const architecture = sampler.at(state.step);
      const epoch = epochsAt(state.step);
      const settings = stepOptions(recipe, seed, state.step);
      const result = await takeStep(network, batches, architecture, settings, state.step);
      session.record(result, settings.learningRate, epoch, clock);
      const stalled = watch?.add(state.step, result.loss);
      if (stalled !== undefined) {
        session.log('stalled', { ...stalled });
        onStalled?.(stalled);
      }
      onProgress?.({ step: state.step, steps, epoch, learningRate: settings.learningRate, ...result });
      await endEpoch();
      signal?.throwIfAborted();
      await session.saveIfDue();
    }
    await onFinish?.(session);
    await session.save();
    session.log('finished', {});
    return session;
  } catch (error) {
    if (!signal?.aborted || !isAbort(error, signal)) {
      session.logFailure(error);
      throw error;
    }
    await session.save();
    throw new SinglePathError('ABORTED', `Stopped after step ${state.step} of ${steps}`, {
      hint:
        run === undefined ? undefined : `the checkpoint is saved in '${run.path}': continue with --resume`,
      cause: error,
    });
  }
}

async function takeStep(
  network: TrainableNetwork,
  batches: NativeBatch[],
  architecture: Architecture,
  settings: StepOptions,
  step: number,
): Promise<StepResult> {
  try {
    return await network.step(batches, architecture, settings);
  } catch (error) {
    if (!(error instanceof SinglePathError) || error.code !== 'NON_FINITE_LOSS') throw error;
    const path = architecture.length === 0 ? '' : ` on path ${architecture.join(',')}`;
    throw new SinglePathError('NON_FINITE_LOSS', `Step ${step + 1}${path}: ${error.message}`, {
      hint: `lower the learning rate (${settings.learningRate} here), warm it up, or clip the gradient norm`,
      cause: error,
    });
  } finally {
    for (const batch of batches) batch.dispose();
  }
}

function isAbort(error: unknown, signal: AbortSignal): boolean {
  return error === signal.reason || (error instanceof SinglePathError && error.code === 'ABORTED');
}
