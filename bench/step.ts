import type { StepOptions } from '../src/runtime/native.js';

/** The optimizer settings of every benchmarked step: those of the peer script. */
export const STEP: StepOptions = {
  learningRate: 0.05,
  momentum: 0.9,
  nesterov: false,
  weightDecay: 4e-5,
  labelSmoothing: 0.1,
  clipGradientNorm: 0,
  randomKey: [0, 0],
};
