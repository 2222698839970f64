import { relative } from 'node:path';
import { SinglePathError } from '../core/errors.js';
import type { Checkpoint } from '../run/checkpoints.js';
import type { RunDirectory } from '../run/directory.js';
import type { RunEventType } from '../run/events.js';
import { checkTensors } from '../run/weights.js';
import type { StepResult, TensorEntry } from '../runtime/native.js';
import type { DataClock } from './dataClock.js';
import type { Recipe } from './recipe.js';

/** What a training needs to go on from a step, beside the tensors: it is saved in every checkpoint. */
export interface TrainingState {
  /** Optimizer steps done. */
  step: number;
  /** Epochs whose end was dealt with. */
  epochs: number;
  /** Sums since the last `step` event. */
  window: { steps: number; loss: number; correct: number; images: number };
  /** Means of the last `step` event. */
  last: { loss: number; accuracy: number } | null;
  /** What the epoch hook wants to remember. */
  notes: Record<string, unknown>;
  /** How steps were shared between processes; absent where one did everything. */
  group?: { ranks: number; shards: number };
}

/** What the session reads and restores of a network. */
export interface StatefulNetwork {
  state(): Promise<TensorEntry[]>;
  load(entries: TensorEntry[]): Promise<void>;
}

/** State, events and checkpoints of one training: what is around the steps. Without a run directory it only counts. */
export class TrainingSession {
  #windowStart = performance.now();
  /** Seconds of the window in which ranks exchanged gradients. */
  #communication = 0;
  #saved: Omit<Checkpoint, 'tensors'> | undefined;

  private constructor(
    readonly state: TrainingState,
    private readonly network: StatefulNetwork,
    private readonly recipe: Recipe,
    private readonly run: RunDirectory | undefined,
  ) {}

  /** Starts a training, or continues it from the newest valid checkpoint of a resumed run directory. */
  static async open(
    network: StatefulNetwork,
    recipe: Recipe,
    run: RunDirectory | undefined,
  ): Promise<TrainingSession> {
    const start = await restore(network, run);
    const session = new TrainingSession(start.state, network, recipe, run);
    session.#saved = start.checkpoint;
    return session;
  }

  /** The last checkpoint, relative to the run directory, and the SHA-256 of its weights. */
  get location(): { checkpoint: string | null; weights: string | null } {
    if (this.run === undefined || this.#saved === undefined) return { checkpoint: null, weights: null };
    return {
      checkpoint: relative(this.run.path, this.#saved.path),
      weights: this.#saved.weights?.sha256 ?? null,
    };
  }

  /** Counts a step; every `logEvery` steps the means since the last event are logged. */
  record(result: StepResult, learningRate: number, epoch: number, clock: DataClock): void {
    const { state, recipe } = this;
    const { window } = state;
    state.step++;
    window.steps++;
    window.loss += result.loss;
    window.correct += result.correct;
    window.images += result.images;
    this.#communication += result.communication ?? 0;
    if (state.step % recipe.logEvery !== 0 && state.step !== recipe.steps) return;

    const now = performance.now();
    const loss = window.loss / window.steps;
    const accuracy = window.correct / window.images;
    const seconds = (now - this.#windowStart) / 1000;
    const imagesPerSecond = window.images / seconds;
    const data = clock.take();
    const communication = state.group && { communication: this.#communication / seconds };
    this.log('step', {
      epoch,
      loss,
      accuracy,
      learningRate,
      imagesPerSecond,
      seconds,
      data,
      gradientNorm: result.gradientNorm,
      ...communication,
    });
    this.run?.summaries.scalars(state.step, {
      'train/loss': loss,
      'train/accuracy': accuracy,
      'train/learningRate': learningRate,
      'speed/imagesPerSecond': imagesPerSecond,
      'speed/waitingForData': data.wait / seconds,
    });
    state.last = { loss, accuracy };
    state.window = emptyWindow();
    this.#windowStart = now;
    this.#communication = 0;
  }

  /** Whether a checkpoint is due after this many steps. After the last one there is one always. */
  isSaveDue(step: number): boolean {
    return this.run !== undefined && step % this.recipe.checkpointEvery === 0 && step < this.recipe.steps;
  }

  /** Saves a checkpoint of the present step. @throws SinglePathError `NON_FINITE_LOSS` for weights that are no numbers. */
  async save(): Promise<void> {
    if (this.run === undefined) return;
    const { state } = this;
    const tensors = await this.network.state();
    checkFinite(tensors, state.step);
    // First: what is logged without a checkpoint is taken back on resume, the other way round it would be lost.
    this.run.sync();
    this.#saved = await this.run.checkpoints.save(state.step, state, tensors);
    this.log('checkpoint', { path: relative(this.run.path, this.#saved.path) });
  }

  /** Appends an event at the present step. */
  log(type: RunEventType, details: Record<string, unknown>): void {
    this.run?.log({ type, step: this.state.step, ...details });
  }

  /** Notes what ended the training. A full disk must not hide the error that is about to be thrown. */
  logFailure(error: unknown): void {
    try {
      this.log('failed', { error: error instanceof Error ? error.message : String(error) });
      this.run?.sync();
    } catch {
      // `error` is thrown by the caller and says more than this
    }
  }
}

async function restore(network: StatefulNetwork, run: RunDirectory | undefined) {
  const state: TrainingState = { step: 0, epochs: 0, window: emptyWindow(), last: null, notes: {} };
  const checkpoint = run?.restore<TrainingState>();
  if (checkpoint === undefined) {
    run?.log({ type: run.resumed ? 'resumed' : 'started', step: 0 });
    if (run?.resumed) run.summaries.restartAt(0);
    return { state, checkpoint };
  }
  checkTensors(await network.state(), checkpoint.tensors, checkpoint.path);
  await network.load(checkpoint.tensors);
  run?.log({ type: 'resumed', step: checkpoint.step, checkpoint: relative(run.path, checkpoint.path) });
  run?.summaries.restartAt(checkpoint.step + 1);
  const { tensors: _, ...saved } = checkpoint;
  return { state: checkpoint.state, checkpoint: saved };
}

/**
 * The loss of a step is that of the weights before it, so a step can destroy them unseen: after the last one they would be the
 * result, and after any other the checkpoint to go on from.
 */
function checkFinite(tensors: readonly TensorEntry[], step: number): void {
  const broken = tensors.find(({ data }) => !allFinite(data));
  if (broken === undefined) return;
  throw new SinglePathError(
    'NON_FINITE_LOSS',
    `Expected finite weights after step ${step} but '${broken.name}' has others; they are not saved`,
    { hint: 'lower the learning rate, warm it up, or clip the gradient norm' },
  );
}

/** A loop: `data.every` takes ten times as long, and a large supernet has 10^8 numbers. */
function allFinite(data: Float32Array): boolean {
  let differences = 0; // of each number and itself: NaN where it is not finite
  for (let i = 0; i < data.length; i++) differences += data[i]! - data[i]!;
  return differences === 0;
}

function emptyWindow(): TrainingState['window'] {
  return { steps: 0, loss: 0, correct: 0, images: 0 };
}
