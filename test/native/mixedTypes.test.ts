import { test } from 'node:test';
import { Supernet } from '../../src/supernet/supernet.js';
import { assertClose, byName } from './compare.js';
import { twoTypesSpace } from './networks.js';
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
