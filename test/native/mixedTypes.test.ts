import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Supernet } from '../../src/supernet/supernet.js';
import { assertClose, byName } from './compare.js';
import { pooledGateSpace, twoTypesSpace } from './networks.js';
import { KERNELS, randomBatch, STEP } from './setup.js';

// The fused kernels took both sides of a sum for one type: they read numbers that are none, and behind the smaller side.
test('bf16: sums of a chain and a shortcut of another type are those of libtorch', async () => {
  const space = twoTypesSpace();
  const batch = randomBatch(space, 8, 1);
  const [aten, fused] = await Promise.all(
    KERNELS.map(async (kernels) => {
      using net = new Supernet(space, { kernels, precision: 'bf16' });
      const { logits, gradients } = await net.gradients(batch, [], STEP);
      await net.recalibrate([batch], []);
      return { logits, evaluated: await net.forward(batch, []), gradients: byName(gradients) };
    }),
  );
  assertClose(fused!.logits.data, aten!.logits.data, 0.05, 'logits');
  assertClose(fused!.evaluated.data, aten!.evaluated.data, 0.05, 'logits of an evaluation');
  for (const [name, { data }] of aten!.gradients)
    assertClose(fused!.gradients.get(name)!.data, data, 0.15, name);
});

// A fused chain that pools leaves float32 behind, and bf16 times float32 was float32, with all layers behind it.
test('bf16: a network stays in bf16 behind a gate whose chain pools', async () => {
  const space = pooledGateSpace();
  for (const kernels of KERNELS) {
    using net = new Supernet(space, { kernels, precision: 'bf16' });
    const { data } = await net.forward(randomBatch(space, 4, 1), []);
    const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
    assert.ok(
      bits.every((value) => (value & 0xffff) === 0),
      `${kernels}: logits of a linear layer that reads bf16 are bf16`,
    );
  }
});
