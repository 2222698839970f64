import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as nn from '../../src/graph/build.js';
import { defineSpace, fixed } from '../../src/space/define.js';
import { Supernet } from '../../src/supernet/supernet.js';
import { assertClose } from './compare.js';
import { KERNELS, randomBatch, STEP } from './setup.js';

test('dropout zeroes the same values whatever layout the kernels before it leave', async () => {
  // One channel is NCHW and NHWC at once, so that libtorch goes on with the first, and the fused kernels with the second.
  const space = defineSpace({
    name: 'one-channel',
    input: { channels: 3, size: 4 },
    classes: 3,
    layers: [
      fixed('one', nn.conv2d({ out: 1, kernel: 3 })),
      fixed('body', nn.dropout(0.3), nn.conv2d({ out: 3 }), nn.batchNorm(), nn.dropout(0.5)),
      fixed('fc', nn.linear({ out: 3, init: { kind: 'normal', mean: 0, std: 1 } })),
    ],
  });
  const batch = randomBatch(space, 2, 1);
  const logits: ArrayLike<number>[] = [];
  for (const kernels of KERNELS) {
    using net = new Supernet(space, { kernels, seed: 1 });
    logits.push((await net.gradients(batch, [], STEP)).logits.data);
  }
  assert.ok(Math.max(...Array.from(logits[0]!, Math.abs)) > 0.1, 'values are left');
  assertClose(logits[1]!, logits[0]!, 1e-4, 'logits');
});
