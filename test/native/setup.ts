import { RandomStream } from '../../src/core/rng.js';
import { addon } from '../../src/runtime/addon.js';
import type { NetworkOptions } from '../../src/runtime/native/network.js';
import type { NativeBatch, StepOptions } from '../../src/runtime/native.js';
import type { SearchSpace } from '../../src/space/types.js';

/** A plain step; tests change what they are about. */
export const STEP: StepOptions = {
  learningRate: 0.1,
  momentum: 0.9,
  nesterov: false,
  weightDecay: 0.01,
  labelSmoothing: 0,
  clipGradientNorm: 0,
  randomKey: [0, 0],
};

/** Of a native network, as a Supernet has them by default. */
export const NETWORK = {
  device: 'cpu',
  kernels: 'fused',
  precision: 'fp32',
  graphs: true,
  folded: true,
  seed: 0,
} as const satisfies NetworkOptions;

export const KERNELS = ['aten', 'fused'] as const;

/** Random images (about N(0, 1)) and labels that fit `space`. */
export function randomBatch(space: SearchSpace, count: number, seed: number): NativeBatch {
  const random = new RandomStream(seed, 'test', 0);
  const { channels, size } = space.input;
  const images = new Float32Array(count * channels * size * size);
  for (let i = 0; i < images.length; i++) {
    images[i] = (random.uniform() + random.uniform() + random.uniform() - 1.5) * 2;
  }
  const labels = Array.from({ length: count }, () => random.integer(space.classes));
  return new (addon().Batch)({ images, shape: [count, channels, size, size], labels });
}

/** Images that are no numbers, from which no loss is finite. */
export function brokenBatch({ input: { channels, size } }: SearchSpace, count = 2): NativeBatch {
  const images = new Float32Array(count * channels * size * size).fill(Number.NaN);
  return new (addon().Batch)({ images, shape: [count, channels, size, size], labels: Array(count).fill(0) });
}

export function randomArchitectures(space: SearchSpace, count: number, seed: number): number[][] {
  const random = new RandomStream(seed, 'test', 1);
  return Array.from({ length: count }, () => space.genes.map(({ size }) => random.integer(size)));
}
