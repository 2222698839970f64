/* What a walk over candidates keeps in memory, by the counters of the allocator. A file of its own: the peak is that of a process. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as nn from '../../src/graph/build.js';
import { addon } from '../../src/runtime/addon.js';
import { choiceLayer, defineSpace, fixed } from '../../src/space/define.js';
import { Supernet } from '../../src/supernet/supernet.js';
import { KERNELS, randomBatch } from './setup.js';

const LAYERS = 24;
const IMAGES = 16;
const CHANNELS = 16;
const SIZE = 16;
/** Of the result of one layer. */
const BYTES = IMAGES * CHANNELS * SIZE ** 2 * 4;

const block = (kernel: number) =>
  nn.indexed(nn.conv2d({ out: CHANNELS, kernel }), nn.batchNorm({ affine: true }), nn.relu());
const space = defineSpace({
  name: 'chain',
  input: { channels: 3, size: SIZE },
  classes: 4,
  layers: [
    fixed('stem', block(3)),
    ...Array.from({ length: LAYERS }, () => choiceLayer({ choices: { one: block(1), three: block(3) } })),
    fixed('pool', nn.averagePool()),
    fixed('fc', nn.linear({ out: 4 })),
  ],
});

const ALL_FIRST = Array.from({ length: LAYERS }, () => 0);
/** Apart from the first in one gene each: a chain with a few branches. */
const POPULATION = [ALL_FIRST, ...[6, 12, 18].map((gene) => ALL_FIRST.with(gene, 1))];
const BRANCHES = 3;

/** What the peak is beyond what was taken before, as a number of results. It never falls: what takes less comes first. */
async function results(work: () => Promise<unknown>): Promise<number> {
  const { allocated } = addon().memory();
  await work();
  return (addon().memory().peak - allocated) / BYTES;
}

// A frame of the walk that held on to its result kept those of all layers: 26 in place of a handful.
test('a long chain lets go of its results, and branches keep theirs', async () => {
  const nets = KERNELS.map((kernels) => new Supernet(space, { kernels }));
  const [one, two] = [randomBatch(space, IMAGES, 1), randomBatch(space, IMAGES, 2)];
  const settings = { calibration: [one], validation: [two] };
  // Beside its input and output a layer has values in between and the panels of its kernels, and images are there twice, as a
  // batch and normalized.
  const atOnce = 12;
  for (const [name, limit, work] of [
    ['alone', atOnce, (net) => net.evaluate([ALL_FIRST], settings)],
    ['validate', atOnce, (net) => net.validate([one, two], ALL_FIRST)],
    ['recalibrate', atOnce, (net) => net.recalibrate([one, two], ALL_FIRST)],
    ['NASWOT', atOnce, (net) => net.naswot([ALL_FIRST], one)],
    ['apart', atOnce, (net) => net.evaluate(POPULATION, { ...settings, share: false })],
    ['recomputed', atOnce, (net) => net.evaluate(POPULATION, { ...settings, memoryBytes: BYTES / 2 })],
    ['shared', atOnce + BRANCHES, (net) => net.evaluate(POPULATION, settings)],
    ['NASWOT, shared', atOnce + BRANCHES, (net) => net.naswot(POPULATION, one)],
  ] as [string, number, (net: Supernet) => Promise<unknown>][]) {
    for (const [i, net] of nets.entries()) {
      const held = await results(() => work(net));
      assert.ok(held <= limit, `${KERNELS[i]}, ${name}: ${held.toFixed(1)} results of layers at once`);
    }
  }
  for (const net of nets) net.dispose();
});
