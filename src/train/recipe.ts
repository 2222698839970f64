import { streamKey } from '../core/rng.js';
import type { StepOptions } from '../runtime/native.js';
import { type LearningRateSchedule, learningRateAt } from './schedule.js';

/** How weights are trained; the configuration's `train` and `retrain` sections fit. */
export interface Recipe {
  /** Optimizer steps of the whole run. */
  steps: number;
  /** Batches whose gradients add up to one optimizer step. */
  accumulate: number;
  /** The largest learning rate. */
  learningRate: number;
  schedule: LearningRateSchedule['kind'];
  warmupSteps: number;
  momentum: number;
  nesterov: boolean;
  /** Of weights with more than one dimension. */
  weightDecay: number;
  labelSmoothing: number;
  /** 0 switches clipping off. */
  clipGradientNorm: number;
  /** Steps between checkpoints. */
  checkpointEvery: number;
  /** Steps between events and TensorBoard points. */
  logEvery: number;
}

/** Batches of a pass over so many images: what does not fill one is left out, and fewer images than a batch are one. */
export function batchesOfEpoch(images: number, batchSize: number): number {
  return Math.max(1, Math.floor(images / batchSize));
}

/** Optimizer steps of so many passes over the training images, at least one. */
export function stepsOfEpochs(epochs: number, batchesPerEpoch: number, accumulate: number): number {
  return Math.max(1, Math.round((epochs * batchesPerEpoch) / accumulate));
}

/** The settings of one optimizer step: a function of the step alone. */
export function stepOptions(recipe: Recipe, seed: number, step: number): StepOptions {
  const { momentum, nesterov, weightDecay, labelSmoothing, clipGradientNorm } = recipe;
  const { schedule: kind, learningRate, steps, warmupSteps } = recipe;
  const key = streamKey(seed, 'dropout', step);
  return {
    learningRate: learningRateAt({ kind, learningRate, steps, warmupSteps }, step),
    momentum,
    nesterov,
    weightDecay,
    labelSmoothing,
    clipGradientNorm,
    randomKey: [Number(key >> 32n), Number(key & 0xffffffffn)],
  };
}
