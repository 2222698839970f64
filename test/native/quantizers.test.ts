import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as nn from '../../src/graph/build.js';
import { addon } from '../../src/runtime/addon.js';
import type { NativeBatch } from '../../src/runtime/native.js';
import { defineSpace, fixed } from '../../src/space/define.js';
import type { SearchSpace } from '../../src/space/types.js';
import { Supernet } from '../../src/supernet/supernet.js';
import { assertClose, byName } from './compare.js';
import { quantSpace } from './networks.js';
import { KERNELS, randomBatch, STEP } from './setup.js';

/* Quantizers where the vectors of torch.test.ts do not go: batches in parts, values at the edge, bf16. */

const BITS = [1, 2, 4, 8];

/** Images `first` up to `end` of `batch`. */
function part(batch: NativeBatch, first: number, end: number): NativeBatch {
  const [count, ...image] = batch.shape;
  const each = batch.images().length / count;
  return new (addon().Batch)({
    images: batch.images().slice(first * each, end * each),
    shape: [end - first, ...image] as [number, number, number, number],
    labels: Array.from(batch.labels().slice(first, end), Number),
  });
}

describe('LSQ: gradients do not depend on how a batch is cut (arXiv 1902.08153, section 2.2)', () => {
  const space = quantSpace('lsq', 'lsq', BITS);
  for (const kernels of KERNELS) {
    test(`the mean of two halves equals the whole, weights and features: ${kernels}`, async () => {
      using net = new Supernet(space, { kernels, seed: 5 });
      const batch = randomBatch(space, 8, 4);
      for (const [index, bits] of BITS.entries()) {
        const whole = byName((await net.gradients(batch, [index], STEP)).gradients);
        const [one, two] = [
          byName((await net.gradients(part(batch, 0, 4), [index], STEP)).gradients),
          byName((await net.gradients(part(batch, 4, 8), [index], STEP)).gradients),
        ];
        assert.ok(whole.has('layers.0.0.0.step') && whole.has('layers.0.0.1.step'));
        for (const [name, { data }] of whole) {
          const mean = data.map((_, i) => (one.get(name)!.data[i]! + two.get(name)!.data[i]!) / 2);
          // float32 sums in another order.
          assertClose(mean, data, 1e-5, `gradient of ${name} at ${bits} bits`);
        }
      }
    });

    test(`two accumulated halves make the step of the whole: ${kernels}`, async () => {
      const batch = randomBatch(space, 8, 4);
      const after = async (batches: NativeBatch[]) => {
        using net = new Supernet(space, { kernels, seed: 5 });
        await net.step(batches, [1], STEP);
        return byName(await net.state());
      };
      const halves = await after([part(batch, 0, 4), part(batch, 4, 8)]);
      for (const [name, { data }] of await after([batch]))
        assertClose(halves.get(name)!.data, data, 1e-5, name);
    });
  }
});

/** Quantized features (optional), one quantized 1x1 convolution of one channel, and its mean as the first logit. */
function oneWeight(weights: 'dorefa' | 'lsq', bits: number, features?: 'pact' | 'lsq'): SearchSpace {
  return defineSpace({
    name: 'one-weight',
    input: { channels: 1, size: 2 },
    classes: 2,
    layers: [
      ...(features ? [fixed('features', nn.fakeQuantize(features, bits))] : []),
      fixed('conv', nn.conv2d({ out: 1, weightQuantizer: { method: weights, bits } })),
      fixed('pool', nn.averagePool()),
      fixed('fc', nn.linear({ out: 2, bias: false })),
    ],
  });
}

const FC = { name: 'fc.weight', shape: [2, 1], data: Float32Array.of(1, 0) };
const batchOf = (value: number): NativeBatch =>
  new (addon().Batch)({ images: new Float32Array(8).fill(value), shape: [2, 1, 2, 2], labels: [0, 1] });

describe('values at the edge', () => {
  test('DoReFa, all weights 0: as a 0 among others, with finite gradients', async () => {
    // Equation 9 on 0.5: 2 round(0.5 n) / n - 1 with n = 2^k - 1 and ties to even; one bit: sign(0) mean(0) = 0.
    const expected: Record<number, number> = { 1: 0, 2: 1 / 3, 4: 1 / 15, 8: 1 / 255 };
    for (const kernels of KERNELS) {
      for (const bits of BITS) {
        using net = new Supernet(oneWeight('dorefa', bits), { kernels });
        await net.load([{ name: 'conv.weight', shape: [1, 1, 1, 1], data: Float32Array.of(0) }, FC]);
        const { data } = await net.forward(batchOf(1), []);
        assertClose([data[0]!], [expected[bits]!], 1e-6, `${bits} bits`, 1); // of a difference of numbers near 1
        await net.step(batchOf(1), [], STEP);
        for (const { name, data } of await net.state()) assert.ok(data.every(Number.isFinite), name);
      }
    }
  });

  test('DoReFa: zeros are quantized alike beside other weights', async () => {
    // What the test above calls "a 0 among others".
    const space = defineSpace({
      name: 'two-weights',
      input: { channels: 2, size: 1 },
      classes: 2,
      layers: [
        fixed('conv', nn.conv2d({ out: 1, weightQuantizer: { method: 'dorefa', bits: 2 } })),
        fixed('fc', nn.linear({ out: 2, bias: false })),
      ],
    });
    using net = new Supernet(space);
    const weight = (await net.state()).find(({ shape }) => shape.length === 4)!;
    const fc = (await net.state()).find(({ name }) => name.startsWith('fc.'))!;
    await net.load([
      { ...weight, data: Float32Array.of(0, 0.7) },
      { ...fc, data: Float32Array.of(1, 0) },
    ]);
    const images = Float32Array.of(1, 0); // only the zero weight counts
    const batch = new (addon().Batch)({ images, shape: [1, 2, 1, 1], labels: [0] });
    assertClose([(await net.forward(batch, [])).data[0]!], [1 / 3], 1e-6, 'the zero weight');
  });

  for (const [features, scale] of [
    ['pact', 'features.alpha'],
    ['lsq', 'features.step'],
  ] as const) {
    test(`${features}: a bound or step stays positive, whatever the gradient`, async () => {
      for (const kernels of KERNELS) {
        for (const momentum of [0, 0.9]) {
          using net = new Supernet(oneWeight('lsq', 2, features), { kernels, seed: 1 });
          await net.load([FC]);
          // With learning rate 1e4 any gradient throws the scale far below 0 or far up.
          for (const [i, label] of [0, 1, 0, 1].entries()) {
            const images = new Float32Array(4).fill(50 + i);
            const batch = new (addon().Batch)({ images, shape: [1, 1, 2, 2], labels: [label] });
            const options = { ...STEP, learningRate: 1e4, momentum, weightDecay: 0 };
            await net.step(batch, [], options);
            const state = byName(await net.state());
            for (const name of [scale, 'conv.step']) {
              assert.ok(state.get(name)!.data[0]! >= Math.fround(1e-6), `${name}: ${state.get(name)!.data}`);
            }
            await net.load([FC]);
            assert.ok((await net.forward(batch, [])).data.every(Number.isFinite));
          }
        }
      }
    });

    test(`${features}: weights of a file with a bound or step of 0 or less are refused`, async () => {
      using net = new Supernet(oneWeight('lsq', 2, features));
      for (const name of [scale, 'conv.step']) {
        for (const value of [0, -1, Number.NaN]) {
          await assert.rejects(net.load([{ name, shape: [1], data: Float32Array.of(value) }]), {
            code: 'INVALID_CHECKPOINT',
            message: new RegExp(`positive numbers in tensor '${name}' but received`),
          });
        }
      }
    });
  }

  test('LSQ on a convolution that starts with zeros: the step starts positive', async () => {
    const weightQuantizer = { method: 'lsq', bits: 2 } as const;
    const space = defineSpace({
      name: 'zeros',
      input: { channels: 1, size: 2 },
      classes: 2,
      layers: [
        fixed('conv', nn.conv2d({ out: 1, init: { kind: 'constant', value: 0 }, weightQuantizer })),
        fixed('fc', nn.averagePool(), nn.linear({ out: 2 })),
      ],
    });
    using net = new Supernet(space);
    assert.ok((await net.forward(batchOf(1), [])).data.every(Number.isFinite));
    await net.step(batchOf(1), [], STEP);
  });
});

/** Whether all values have the 8 bits of precision of bfloat16: the lower half of each float32 is 0. */
const isBfloat16 = (values: Float32Array): boolean =>
  new Uint32Array(values.buffer, values.byteOffset, values.length).every((bits) => (bits & 0xffff) === 0);

function roundedToBfloat16(batch: NativeBatch): NativeBatch {
  const images = batch.images();
  const bits = new Uint32Array(images.buffer);
  bits.forEach((value, i) => {
    bits[i] = (value + 0x7fff + ((value >>> 16) & 1)) & 0xffff0000; // to nearest, ties to even
  });
  return new (addon().Batch)({
    images,
    shape: [...batch.shape],
    labels: Array.from(batch.labels(), Number),
  });
}

describe('precision bf16: what follows a quantizer stays bf16', () => {
  for (const kernels of KERNELS) {
    test(`logits and gradients of features: ${kernels}`, async () => {
      for (const [weights, features] of [
        ['dorefa', 'pact'],
        ['lsq', 'lsq'],
      ] as const) {
        const space = quantSpace(weights, features, [...BITS, 32]);
        using net = new Supernet(space, { kernels, seed: 5, precision: 'bf16' });
        using exact = new Supernet(space, { kernels, seed: 5 });
        const batch = roundedToBfloat16(randomBatch(space, 8, 4)); // so that both quantize the same numbers
        if (features === 'pact') {
          const alpha = { name: 'layers.0.0.0.alpha', shape: [5], data: new Float32Array(5).fill(1.1) };
          for (const one of [net, exact]) await one.load([alpha]); // with 6, one bit rounds all images to 0
        }
        for (const [index, bits] of [...BITS, 32].entries()) {
          const what = `${weights}-${features}, ${bits} bits`;
          const { logits, input } = await net.gradients(batch, [index], STEP);
          assert.ok(isBfloat16(logits.data), `logits of ${what}`);
          assert.ok(isBfloat16(input.data), `gradient of the images of ${what}`);
          assert.ok(isBfloat16((await net.forward(batch, [index])).data), `forward of ${what}`);
          const expected = await exact.forward(batch, [index]);
          assert.ok(!isBfloat16(expected.data), `fp32 of ${what}`);
          // Features, weights, results and logits are rounded to 2^-9 of their value; a few errors add up.
          assertClose(logits.data, expected.data, 2 ** -6, what);
        }
      }
    });
  }
});

describe('quantized weights that an evaluation keeps from batch to batch', () => {
  // LSQ learns a step for each option of a gene, of those with equal bits too.
  const bits = [2, 2, ...BITS, 32];
  const population = bits.map((_, index) => [index]);
  for (const kernels of KERNELS) {
    test(`the scores are those without memory for them, and of the weights as they are: ${kernels}`, async () => {
      for (const [weights, features] of [
        ['dorefa', 'pact'],
        ['lsq', 'lsq'],
      ] as const) {
        const space = quantSpace(weights, features, bits);
        const [a, b] = [randomBatch(space, 8, 4), randomBatch(space, 5, 5)];
        const scores = async (net: Supernet, memoryBytes = 2 ** 30) => {
          const settings = { calibration: [a, b], validation: [b, a], memoryBytes };
          const { correct, loss } = await net.evaluate(population, settings);
          return { correct, loss };
        };
        using net = new Supernet(space, { kernels, seed: 5 });
        const before = await scores(net);
        for (let step = 0; step < 8; step++) await net.step(a, [step % 5 === 0 ? 1 : 0], STEP);
        const after = await scores(net);
        assert.notDeepEqual(after.loss, before.loss);
        if (weights === 'lsq') assert.notEqual(after.loss[0], after.loss[1]);
        assert.deepEqual(await scores(net, 0), after, `${weights}, no memory`);
        using same = new Supernet(space, { kernels, seed: 6 });
        await same.load(await net.state());
        assert.deepEqual(await scores(same, 0), after, `${weights}, loaded`);
      }
    });
  }
});
