import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as nn from '../../src/graph/build.js';
import { addon } from '../../src/runtime/addon.js';
import type { NativeBatch } from '../../src/runtime/native.js';
import { choiceLayer, defineSpace, fixed } from '../../src/space/define.js';
import type { SearchSpace } from '../../src/space/types.js';
import { Supernet } from '../../src/supernet/supernet.js';
import { assertClose, byName, sameBits } from './compare.js';
import { KERNELS, randomBatch, STEP } from './setup.js';

/*
 * The quantizers of the fused kernels against those through ATen: the same levels, bit for bit, and the same gradient of
 * features. The networks show them: a classifier that is the identity, and images with one channel of 1.
 */

const BITS = [1, 2, 3, 4, 5, 6, 7, 8, 32];

const identity = (size: number) => ({
  name: 'fc.weight',
  shape: [size, size],
  data: Float32Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0)),
});

/** Random numbers, ties between levels, levels, bounds and their neighbours, zeros, denormals. */
function edges(count: number, scale: number, seed: number): Float32Array {
  const around = (value: number) => {
    const bits = new Int32Array(Float32Array.of(value).buffer);
    const next = (by: number) => new Float32Array(Int32Array.of(bits[0]! + by).buffer)[0]!;
    return [value, next(1), value === 0 ? -0 : next(-1)];
  };
  const halves = Array.from({ length: 20 }, (_, i) => (i / 2) * scale);
  const special = [...halves, 127.5 * scale, 255 * scale, 1e-40, 2 ** -149].flatMap(around);
  const random = new Float32Array(count);
  let state = seed;
  return random.map((_, i) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const sign = i % 2 === 0 ? 1 : -1;
    return i < 2 * special.length ? sign * special[i >> 1]! : (state / 2 ** 31 - 1) * 4 * scale;
  });
}

/** Gradients in training, and logits of training and evaluation, of both kinds of kernels. */
async function both(
  space: SearchSpace,
  state: { name: string; shape: number[]; data: Float32Array }[],
  batch: NativeBatch,
  precision: 'fp32' | 'bf16',
) {
  const results = [];
  for (const kernels of KERNELS) {
    using net = new Supernet(space, { kernels, precision });
    await net.load(state);
    const { logits, input, gradients } = await net.gradients(batch, [], STEP);
    const evaluated = await net.forward(batch, []);
    results.push({ logits, input, gradients: byName(gradients), evaluated });
  }
  return { aten: results[0]!, fused: results[1]! };
}

describe('features: the same levels and gradients', () => {
  const [channels, size] = [3, 8];
  const count = channels * size * size;
  for (const [method, name, scale] of [
    ['pact', 'alpha', 1.3],
    ['lsq', 'step', 0.37],
  ] as const) {
    for (const precision of ['fp32', 'bf16'] as const) {
      test(`${method}, ${precision}`, async () => {
        for (const bits of BITS) {
          const space = defineSpace({
            name: 'features',
            input: { channels, size },
            classes: count,
            layers: [
              fixed('features', nn.fakeQuantize(method, bits)),
              fixed('fc', nn.linear({ out: count, bias: false })),
            ],
          });
          const unit = method === 'lsq' ? scale : scale / (2 ** Math.min(bits, 8) - 1);
          const images = edges(2 * count, unit, bits);
          const batch = new (addon().Batch)({ images, shape: [2, channels, size, size], labels: [0, 1] });
          const what = `${method} of ${bits} bits`;
          const learnt = { name: `features.${name}`, shape: [1], data: Float32Array.of(scale) };
          const { aten, fused } = await both(space, [learnt, identity(count)], batch, precision);
          assert.ok(new Set(aten.logits.data).size > 1, `${what}: more than one level`);
          assert.ok(sameBits(fused.logits.data, aten.logits.data), `levels of ${what} in training`);
          assert.ok(sameBits(fused.evaluated.data, aten.evaluated.data), `levels of ${what} in evaluation`);
          assert.ok(sameBits(fused.input.data, aten.input.data), `gradient of ${what}`);
          const [expected, actual] = [aten, fused].map(({ gradients }) => gradients.get(learnt.name)?.data);
          assert.equal(actual === undefined, expected === undefined);
          // A sum of hundreds of numbers in another order.
          if (expected !== undefined) assertClose(actual!, expected, 1e-5, `gradient of ${learnt.name}`);
        }
      });
    }
  }
});

describe('weights: the same levels, and gradients up to rounding', () => {
  const [input, output] = [16, 24];
  for (const method of ['dorefa', 'lsq'] as const) {
    test(method, async () => {
      for (const bits of BITS) {
        const space = defineSpace({
          name: 'weights',
          input: { channels: input, size: 1 },
          classes: output,
          layers: [
            fixed('conv', nn.conv2d({ out: output, weightQuantizer: { method, bits } })),
            fixed('fc', nn.linear({ out: output, bias: false })),
          ],
        });
        const what = `${method} of ${bits} bits`;
        const images = identity(input).data;
        const labels = Array.from({ length: input }, (_, i) => i);
        const batch = new (addon().Batch)({ images, shape: [input, input, 1, 1], labels });
        const weights = edges(input * output, method === 'lsq' ? 0.07 : 0.4, bits).map((value) =>
          Math.abs(value) > 4 ? 4 : value,
        );
        const state = [
          { name: 'conv.weight', shape: [output, input, 1, 1], data: weights },
          ...(method === 'lsq' ? [{ name: 'conv.step', shape: [1], data: Float32Array.of(0.07) }] : []),
          identity(output),
        ];
        const { aten, fused } = await both(space, state, batch, 'fp32');
        assert.ok(new Set(aten.logits.data).size > 1, `${what}: more than one level`);
        for (const [mode, actual, expected] of [
          ['training', fused.logits.data, aten.logits.data],
          ['evaluation', fused.evaluated.data, aten.evaluated.data],
        ] as const) {
          // The scale of one-bit DoReFa weights is a mean, added up in another order.
          if (method === 'dorefa' && bits === 1) assertClose(actual, expected, 1e-6, `${what} in ${mode}`);
          else assert.ok(sameBits(actual, expected), `levels of ${what} in ${mode}`);
        }
        assert.deepEqual([...fused.gradients.keys()].toSorted(), [...aten.gradients.keys()].toSorted());
        for (const [name, { data }] of aten.gradients) {
          assertClose(fused.gradients.get(name)!.data, data, 1e-5, `gradient of ${name}, ${what}`);
        }
      }
    });
  }

  test('slices of weights', async () => {
    for (const method of ['dorefa', 'lsq'] as const) {
      const weightQuantizer = { method, bits: 3 } as const;
      const space = defineSpace({
        name: 'slices',
        input: { channels: 3, size: 4 },
        classes: 2,
        layers: [
          choiceLayer({
            widths: ['2', '5', '9'],
            choices: ({ width }) => ({
              block: nn.indexed(
                nn.conv2d({ out: width([2, 5, 9]), kernel: 3, weightQuantizer }),
                nn.conv2d({ out: 4, weightQuantizer }),
              ),
            }),
          }),
          fixed('fc', nn.averagePool(), nn.linear({ out: 2 })),
        ],
      });
      const batch = randomBatch(space, 4, 3);
      for (const width of [0, 1, 2]) {
        const results = [];
        for (const kernels of KERNELS) {
          using net = new Supernet(space, { kernels, seed: 2 });
          results.push((await net.gradients(batch, [width], STEP)).gradients);
        }
        const fused = byName(results[1]!);
        for (const { name, data, shape } of results[0]!) {
          assert.deepEqual(fused.get(name)!.shape, shape);
          assertClose(fused.get(name)!.data, data, 1e-5, `gradient of ${name}, ${method}, width ${width}`);
        }
      }
    }
  });
});
