import { SinglePathError } from '../core/errors.js';
import type { NativeBatch, ParallelStep, StepOptions, StepResult } from '../runtime/native.js';
import type { Sampler } from '../sampling/sampler.js';
import type { Architecture } from '../space/types.js';
import { type DataParallel, parallelStep } from './dataParallel.js';
import { type Recipe, stepOptions } from './recipe.js';
import type { StatefulNetwork } from './session.js';

/** What a training calls of a Supernet. */
export interface TrainableNetwork extends StatefulNetwork {
  step(
    batches: NativeBatch[],
    architecture: Architecture,
    options: StepOptions,
    parallel?: ParallelStep,
  ): Promise<StepResult>;
}

/** What decides each step of a training. */
export interface StepsOptions {
  network: TrainableNetwork;
  /** The path of each step. */
  sampler: Sampler;
  recipe: Recipe;
  /** Seed of the dropout masks. The loader and the sampler have seeds of their own. */
  seed: number;
  /** How steps are shared with other processes; the loader delivers this one's part. Absent: this process is alone. */
  parallel?: DataParallel | undefined;
  /** Stops after the present step and the one that was called meanwhile, with a checkpoint. */
  signal?: AbortSignal | undefined;
}

/** Steps that may be called before the results of the first are there. */
const MOST = 2;

/** A step that is done. */
export interface DoneStep {
  /** Its number, from 0. */
  step: number;
  learningRate: number;
  result: StepResult;
}

/**
 * The steps that were called and whose results are not there yet: while one is computed the next is already called, so that
 * the engine never waits for the loop. Ranks of a group tell each other with each step whether to stop, so they call one at a time.
 */
export class StepsInFlight {
  readonly #steps: (Omit<DoneStep, 'result'> & { result: Promise<StepResult> })[] = [];
  /** How many may be called at a time. */
  readonly most: number;

  constructor(private readonly options: StepsOptions) {
    this.most = options.parallel === undefined ? MOST : 1;
  }

  get count(): number {
    return this.#steps.length;
  }

  /** Calls a step; its batches are disposed when it is done. */
  call(step: number, batches: NativeBatch[]): void {
    const { sampler, recipe, seed, parallel, signal } = this.options;
    const architecture = sampler.at(step);
    const settings = stepOptions(recipe, seed, step);
    const share = parallel && parallelStep(parallel, step, signal?.aborted === true);
    const result = this.#take(step, batches, architecture, settings, share);
    result.catch(() => {}); // thrown where it is awaited
    this.#steps.push({ step, learningRate: settings.learningRate, result });
  }

  /** Waits for the step that was called first. */
  async next(): Promise<DoneStep> {
    const { result, ...called } = this.#steps.shift()!;
    return { ...called, result: await result };
  }

  /** Waits for all that were called. With `record`, which takes {@link next}, they count; returns what one of them throws. */
  async settle(record: (() => Promise<void>) | undefined): Promise<Error | undefined> {
    try {
      while (record !== undefined && this.count > 0) await record();
      return undefined;
    } catch (error) {
      return error as Error;
    } finally {
      await Promise.allSettled(this.#steps.map(({ result }) => result));
    }
  }

  async #take(
    step: number,
    batches: NativeBatch[],
    architecture: Architecture,
    settings: StepOptions,
    share: ParallelStep | undefined,
  ): Promise<StepResult> {
    try {
      return await this.options.network.step(batches, architecture, settings, share);
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
}
