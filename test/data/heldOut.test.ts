import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import type { Dataset } from '../../src/data/dataset.js';
import { splitHeldOut, splitPerClass } from '../../src/data/heldOut.js';
import { datasetFromArrays, openDataset } from '../../src/data/open.js';
import { bytes, pixelsOf } from './files.js';

const size = 120;
const labels = Array.from({ length: size }, (_, i) => (i < 60 ? 0 : i < 100 ? 1 : i % 3 === 0 ? 3 : 2)); // uneven, sorted
let dataset: Dataset;

before(async () => {
  const pixels = Uint8Array.from({ length: size }, (_, i) => i); // one pixel: the image's own number
  dataset = await datasetFromArrays({ pixels, shape: [size, 1, 1, 1], labels }, { normalize: bytes(1) });
});
after(() => dataset.dispose());

async function numbers(view: Dataset): Promise<number[]> {
  const batches = await view.batches({ batchSize: 50 });
  return batches.flatMap((batch) => Array.from(pixelsOf(batch)));
}

test('held-out images and training images share none and miss none, in proportion to the classes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: size - 1 }), fc.nat(), async (count, seed) => {
      const { train, heldOut } = splitHeldOut(dataset, count, seed);
      assert.equal(heldOut.size, count);
      const [a, b] = [await numbers(train), await numbers(heldOut)];
      assert.deepEqual(
        [...a, ...b].sort((x, y) => x - y),
        [...Array(size).keys()],
      );
      for (const [label, all] of [60, 40, 14, 6].entries()) {
        const held = heldOut.labels().filter((value) => value === label).length;
        assert.ok(Math.abs(held - (count * all) / size) < 1, `class ${label}: ${held} of ${all}`);
      }
      train.dispose();
      heldOut.dispose();
    }),
    { numRuns: 50 },
  );
});

test('the split is fixed by the seed', async () => {
  const drawn = (seed: number) => numbers(splitHeldOut(dataset, 30, seed).heldOut);
  assert.deepEqual(await drawn(1), await drawn(1));
  assert.notDeepEqual(await drawn(1), await drawn(2));
});

test('a split of a split', async () => {
  const { train } = splitHeldOut(dataset, 20, 0);
  const { train: rest, heldOut } = splitHeldOut(train, 30, 0);
  assert.deepEqual([rest.size, heldOut.size], [70, 30]);
  const inTrain = new Set(await numbers(train));
  assert.ok((await numbers(heldOut)).every((number) => inTrain.has(number)));
});

test('fixed batches of the embedded set: 50 of each class', async () => {
  using fashion = await openDataset({ kind: 'fashion-mnist' }, { split: 'train' });
  const { heldOut } = splitHeldOut(fashion, 500, 3);
  const perClass = Array(10).fill(0);
  for (const label of heldOut.labels()) perClass[label]++;
  const all = Array(10).fill(0);
  for (const label of fashion.labels()) all[label]++;
  perClass.forEach((held, label) => {
    assert.ok(Math.abs(held - (500 * all[label]) / fashion.size) < 1);
  });
});

test('more held-out images than there are', () => {
  for (const count of [size, -1, 1.5])
    assert.throws(() => splitHeldOut(dataset, count, 0), { code: 'INVALID_ARGUMENT' });
});

test('as many images of every class', () => {
  const { train, heldOut } = splitPerClass(dataset, 5, 1);
  const counts = [0, 1, 2, 3].map((label) => heldOut.labels().filter((value) => value === label).length);
  assert.deepEqual(counts, [5, 5, 5, 5]);
  const positions = [...train.positions(), ...heldOut.positions()].sort((a, b) => a - b);
  assert.deepEqual(positions, [...Array(size).keys()]);
  train.dispose();
  heldOut.dispose();
  assert.throws(() => splitPerClass(dataset, 6, 1), /more than 6 images of each class but '3' has 6/);
});
