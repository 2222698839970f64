import { test } from 'node:test';
import * as nn from '../../src/graph/build.js';
import { addon } from '../../src/runtime/addon.js';
import { defineSpace, fixed } from '../../src/space/define.js';
import { Supernet } from '../../src/supernet/supernet.js';
import { assertClose } from './compare.js';
import { randomBatch, STEP } from './setup.js';

/** A 1x1 convolution with bias, which no fused kernel takes. */
const spaceOf = (channels: number, size: number, stride: number) =>
  defineSpace({
    name: 'strided',
    input: { channels, size },
    classes: 5,
    layers: [
      fixed('conv', nn.conv2d({ out: 31, stride, bias: true })),
      fixed('relu', nn.relu()),
      fixed('pool', nn.averagePool()),
      fixed('fc', nn.linear({ out: 5 })),
    ],
  });

// oneDNN's AVX2 kernel for such weight gradients writes behind them: the process ended sooner or later.
test('1x1 convolutions with a stride over few channels have the gradients of every second pixel', async () => {
  for (const channels of [1, 3, 4]) {
    const [strided, plain] = [spaceOf(channels, 16, 2), spaceOf(channels, 8, 1)];
    using all = new Supernet(strided);
    using second = new Supernet(plain);
    const whole = randomBatch(strided, 5, 1);
    const pixels = whole.images();
    const images = Float32Array.from({ length: 5 * channels * 64 }, (_, i) => {
      const [map, y, x] = [Math.floor(i / 64), Math.floor(i / 8) % 8, i % 8];
      return pixels[map * 256 + 32 * y + 2 * x]!;
    });
    const labels = Array.from(whole.labels(), Number);
    const half = new (addon().Batch)({ images, shape: [5, channels, 8, 8], labels });
    for (let repeat = 0; repeat < 20; repeat++) {
      const [a, b] = [await all.gradients(whole, [], STEP), await second.gradients(half, [], STEP)];
      for (const [i, { name, data }] of a.gradients.entries())
        assertClose(data, b.gradients[i]!.data, 1e-5, name);
    }
    whole.dispose();
    half.dispose();
  }
});
