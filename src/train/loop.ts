import { checkArguments, checkCallbacks } from '../core/check.js';
import { SinglePathError } from '../core/errors.js';
import type { RunDirectory } from '../run/directory.js';
import { type BatchLoader, batchGroups } from './batches.js';
import { DataClock } from './dataClock.js';
import { type DataParallel, ownShards, shareStart } from './dataParallel.js';
import { TrainingSession, type TrainingState } from './session.js';
import { type Stalled, StallWatch } from './stalled.js';
import { StepsInFlight, type StepsOptions } from './stepsInFlight.js';

export interface TrainingProgress {
  /** Steps done, and of how many. */
  step: number;
  steps: number;
  epoch: number;
  /** Loss, and number of images, of this step alone. */
  loss: number;
  images: number;
  learningRate: number;
  /** Seconds in which the training has waited for images so far. */
  waited: number;
}

export interface TrainingOptions extends StepsOptions {
  loader: BatchLoader;
  /** Where checkpoints, events and TensorBoard files go; without it nothing is written. Of a group: rank 0's. */
  run?: RunDirectory | undefined;
  onProgress?: ((progress: TrainingProgress) => void) | undefined;
  /** Number of classes: with it the training says where it learns nothing. */
  classes?: number | undefined;
  onStalled?: ((stalled: Stalled) => void) | undefined;
  /** Told where a resumed training is shared between another number of processes than before. */
  onNotice?: ((message: string) => void) | undefined;
  /**
   * Called at the end of an epoch, or of several where a step has the images of more, with the number of those that are over;
   * `state.epochs` still has the number before. `notes` are saved with checkpoints. It must not change weights.
   */
  onEpoch?: ((session: TrainingSession, epochs: number) => Promise<void>) | undefined;
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
  const { network, loader, recipe, parallel, run, signal, classes } = options;
  const { onProgress, onEpoch, onFinish, onStalled, onNotice } = options;
  checkArguments('a training', { network, loader, sampler: options.sampler, recipe });
  checkCallbacks({ onProgress, onEpoch, onFinish, onStalled, onNotice });
  const watch = classes === undefined ? undefined : new StallWatch(classes, recipe);
  const { steps, accumulate } = recipe;
  const batches = accumulate * ownShards(parallel);
  const session = await TrainingSession.open(network, recipe, run);
  const { state } = session;
  if (parallel !== undefined) await shareStart(parallel, state, network);
  noteGroup(state, parallel, onNotice);
  const epochsAt = (step: number) => Math.floor((step * batches) / loader.batchesPerEpoch);
  const endEpoch = async () => {
    const epochs = epochsAt(state.step);
    if (state.epochs >= epochs) return;
    await onEpoch?.(session, epochs);
    state.epochs = epochs;
  };
  // A group stops together: the wish of one rank is told with its next step.
  let stopped = false;
  const asked = () => (parallel === undefined ? signal?.aborted === true : stopped);
  const throwIfAsked = () => {
    if (asked()) throw new SinglePathError('ABORTED', 'Asked to stop', { cause: signal?.reason });
  };
  const inFlight = new StepsInFlight(options);
  const clock = new DataClock(loader);
  const record = async () => {
    const { step, learningRate, result } = await inFlight.next();
    const epoch = epochsAt(step);
    session.record(result, learningRate, epoch, clock);
    if (parallel !== undefined) parallel.group.step = state.step;
    stopped = result.stop === true;
    const stalled = watch?.add(state.step, result.loss);
    if (stalled !== undefined) {
      session.log('stalled', { ...stalled });
      onStalled?.(stalled);
    }
    onProgress?.({ step: state.step, steps, epoch, learningRate, waited: clock.waited, ...result });
  };
  // What comes after these steps looks at the weights, so no step is called before it is done.
  const isLookedAt = (done: number) =>
    epochsAt(done) > epochsAt(done - 1) || session.isSaveDue(done) || done === steps;
  try {
    await endEpoch(); // stopped between an epoch's last step and its end
    const range = { first: state.step * batches, groups: steps - state.step, size: batches };
    const groups = batchGroups(loader, { ...range, signal: parallel === undefined ? signal : undefined });
    let called = state.step;
    for await (const group of clock.watch(groups)) {
      inFlight.call(called++, group);
      while (inFlight.count >= (isLookedAt(called) ? 1 : inFlight.most)) {
        await record();
        await endEpoch();
        throwIfAsked();
        if (session.isSaveDue(state.step)) await session.save();
      }
    }
    await onFinish?.(session);
    await session.save();
    session.log('finished', {});
    await parallel?.group.barrier('finished');
    return session;
  } catch (error) {
    const aborted = asked() && isAbort(error, signal);
    const failure = await inFlight.settle(aborted ? record : undefined);
    if (!aborted || failure !== undefined) {
      session.logFailure(failure ?? error);
      throw failure ?? error;
    }
    await session.save();
    // A launcher ends the others as soon as one has ended: the checkpoint must be there.
    await parallel?.group.barrier('stopped');
    throw new SinglePathError('ABORTED', `Stopped after step ${state.step} of ${steps}`, {
      hint:
        run === undefined ? undefined : `the checkpoint is saved in '${run.path}': continue with --resume`,
      cause: error,
    });
  }
}

/** Another number of processes is another order of additions, and other batches for BatchNorm. */
function noteGroup(
  state: TrainingState,
  parallel: DataParallel | undefined,
  onNotice: TrainingOptions['onNotice'],
): void {
  const [before, now] = [
    state.group,
    parallel && { ranks: parallel.group.worldSize, shards: parallel.shards },
  ];
  if (now === undefined) delete state.group;
  else state.group = now;
  if (state.step === 0 || before?.shards === now?.shards) return;
  const [from, to] = [before?.ranks ?? 1, now?.ranks ?? 1];
  onNotice?.(
    `goes on with ${to} ${to === 1 ? 'process' : 'processes'} instead of ${from}: ` +
      'the result is not, bit for bit, that of the same number all along (distributed.reproducible would give it)',
  );
}

function isAbort(error: unknown, signal: AbortSignal | undefined): boolean {
  return error === signal?.reason || (error instanceof SinglePathError && error.code === 'ABORTED');
}
