import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as nn from '../../src/graph/build.js';
import { addon } from '../../src/runtime/addon.js';
import type { NativeBatch } from '../../src/runtime/native.js';
import { choiceLayer, defineSpace, fixed } from '../../src/space/define.js';
import type { SearchSpace } from '../../src/space/types.js';
import { Supernet } from '../../src/supernet/supernet.js';
import { assertClose, byName } from './compare.js';
import { KERNELS, randomBatch, STEP } from './setup.js';

/*
 * BatchNorm statistics are those of all values of all calibration images, however the images are cut into batches. At
 * the first BatchNorm nothing else depends on the cut, so plain arithmetic in float64 gives the right value.
 */
const IMAGES = 7;
const CUTS = [[7], [4, 3], [3, 3, 1], [1, 1, 1, 1, 1, 1, 1]];
/** Sums of float32 values in another order: 1e-7 each, and the statistics are averages of few of them. */
const TOLERANCE = 1e-5;

/** One 1x1 convolution in front of one BatchNorm; a second choice, so that there is a population. */
function oneNorm(size: number): SearchSpace {
  return defineSpace({
    name: 'one-norm',
    input: { channels: 3, size },
    classes: 4,
    layers: [
      fixed('stem', nn.conv2d({ out: 8 }), nn.batchNorm({ affine: true }), nn.relu(), nn.averagePool()),
      choiceLayer({ choices: { one: nn.identity, two: nn.relu() } }),
      fixed('fc', nn.linear({ out: 4 })),
    ],
  });
}

/** `images` [IMAGES, 3, size, size] cut into batches of these sizes. */
function cut(space: SearchSpace, images: Float32Array, sizes: readonly number[]): NativeBatch[] {
  const { channels, size } = space.input;
  const each = channels * size * size;
  let first = 0;
  return sizes.map((count) => {
    const part = images.slice(first * each, (first + count) * each);
    const labels = Array.from({ length: count }, (_, i) => (first + i) % space.classes);
    first += count;
    return new (addon().Batch)({ images: part, shape: [count, channels, size, size], labels });
  });
}

/** Mean and unbiased variance of each channel of the 1x1 convolution, in float64. */
function momentsOf(images: Float32Array, weight: Float32Array, size: number): [number[], number[]] {
  const pixels = size * size;
  const values = Array.from({ length: weight.length / 3 }, (_, out) => {
    const of: number[] = [];
    for (let image = 0; image < IMAGES; image++) {
      for (let p = 0; p < pixels; p++) {
        let sum = 0;
        for (let c = 0; c < 3; c++) sum += weight[out * 3 + c]! * images[(image * 3 + c) * pixels + p]!;
        of.push(sum);
      }
    }
    return of;
  });
  const means = values.map((of) => of.reduce((a, b) => a + b) / of.length);
  const variances = values.map(
    (of, c) => of.reduce((sum, value) => sum + (value - means[c]!) ** 2, 0) / (of.length - 1),
  );
  return [means, variances];
}

/** Images whose mean differs from one to the next, so that equal weights of unequal batches would show. */
function unequalImages(space: SearchSpace): Float32Array {
  const images = randomBatch(space, IMAGES, 3).images();
  const each = images.length / IMAGES;
  return images.map((value, i) => value * (1 + Math.floor(i / each) / 4) + Math.floor(i / each));
}

for (const precision of ['fp32', 'bf16'] as const) {
  for (const kernels of KERNELS) {
    describe(`statistics do not depend on the cut into batches: ${kernels}, ${precision}`, () => {
      test('recalibrate: the moments of all images x pixels', async () => {
        const space = oneNorm(5);
        const images = unequalImages(space);
        let first: { mean: Float32Array; variance: Float32Array } | undefined;
        for (const sizes of CUTS) {
          using net = new Supernet(space, { kernels, precision, seed: 2 });
          await net.recalibrate(cut(space, images, sizes), [0]);
          const state = byName(await net.state());
          const mean = state.get('stem.1.running_mean')!.data;
          const variance = state.get('stem.1.running_var')!.data;
          first ??= { mean, variance };
          assertClose(mean, first.mean, TOLERANCE, `mean of ${sizes}`);
          assertClose(variance, first.variance, TOLERANCE, `variance of ${sizes}`);
          // bf16 rounds images, weights and results to 2^-9 of their value.
          const off = precision === 'fp32' ? TOLERANCE : 2 ** -7;
          const [means, variances] = momentsOf(images, state.get('stem.0.weight')!.data, 5);
          assertClose(mean, means, off, `mean of ${sizes} against float64`);
          assertClose(variance, variances, off, `variance of ${sizes} against float64`);
        }
      });

      test('the population evaluator: the same scores', async () => {
        const space = oneNorm(5);
        const images = unequalImages(space);
        using net = new Supernet(space, { kernels, precision, seed: 2 });
        const validation = [randomBatch(space, 6, 9)];
        const losses: number[][] = [];
        for (const sizes of CUTS) {
          const calibration = cut(space, images, sizes);
          losses.push([...(await net.evaluate([[0], [1]], { calibration, validation })).loss]);
        }
        // bf16: statistics equal to 1e-5 may still round one activation to its neighbour, 2^-9 away; of 8 averaged
        // channels in a logit that is 2^-12.
        for (const loss of losses)
          assertClose(loss, losses[0]!, precision === 'fp32' ? TOLERANCE : 2 ** -12, 'loss');
      });
    });
  }
}

describe('one value per channel: a last batch of one image at 1x1', () => {
  /** Two BatchNorms at 1x1, the second one behind the first. */
  const space = defineSpace({
    name: 'two-norms',
    input: { channels: 3, size: 1 },
    classes: 4,
    layers: [
      fixed('stem', nn.conv2d({ out: 8 }), nn.batchNorm({ affine: true }), nn.relu()),
      fixed('next', nn.conv2d({ out: 6 }), nn.batchNorm(), nn.relu(), nn.averagePool()),
      fixed('fc', nn.linear({ out: 4 })),
    ],
  });
  const images = unequalImages(space);

  test('recalibrate: no NaN, and aten and fused agree', async () => {
    const recalibrated = async (kernels: 'aten' | 'fused') => {
      using net = new Supernet(space, { kernels, seed: 2 });
      await net.recalibrate(cut(space, images, [3, 3, 1]), []);
      return byName(await net.state());
    };
    const [aten, fused] = [await recalibrated('aten'), await recalibrated('fused')];
    const [means, variances] = momentsOf(images, aten.get('stem.0.weight')!.data, 1);
    assertClose(aten.get('stem.1.running_mean')!.data, means, TOLERANCE, 'mean');
    assertClose(aten.get('stem.1.running_var')!.data, variances, TOLERANCE, 'variance');
    for (const [name, { data }] of aten) assertClose(fused.get(name)!.data, data, 1e-4, name);
  });

  test('a training step of one image: the running variance moves towards 0', async () => {
    for (const kernels of KERNELS) {
      using net = new Supernet(space, { kernels, seed: 2 });
      await net.step(cut(space, images, [1]), [], { ...STEP, learningRate: 0 });
      const state = byName(await net.state());
      // 0.9 of what it started with, 1; PyTorch refuses such a batch.
      assertClose(state.get('stem.1.running_var')!.data, new Array(8).fill(0.9), 1e-6, kernels);
      assertClose(state.get('next.1.running_var')!.data, new Array(6).fill(0.9), 1e-6, kernels);
      const validated = await net.validate(cut(space, images, [7]), []);
      assert.ok(Number.isFinite(validated.loss));
    }
  });
});
