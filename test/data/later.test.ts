/** Batches that are decoded when they are used: the same images as those that are kept. */
import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Dataset } from '../../src/data/dataset.js';
import { openDataset } from '../../src/data/open.js';
import { bytes, labelsOf, pixelsOf, temporaryFolder } from './files.js';
import { type Files, pictures, writeFiles } from './pictures.js';

const FILES = pictures('train', ['cat', 'dog'], 5, 20);

async function open(folder: string, files: Files, broken: 'error' | 'skip' = 'error') {
  writeFiles(folder, files);
  // Nothing is kept in the data set's own cache, so every use decodes.
  const config = { kind: 'image-folder', path: folder, size: 16, normalize: bytes(3), broken } as const;
  return openDataset({ ...config, brokenShare: 0.5, cacheBytes: 0 }, { split: 'train' });
}

async function contentOf(dataset: Dataset, later: boolean, threads = 1) {
  const batches = await dataset.batches({ batchSize: 4, later, threads });
  const content = batches.map((batch) => ({
    shape: batch.shape,
    labels: labelsOf(batch),
    pixels: pixelsOf(batch),
  }));
  for (const batch of batches) batch.dispose();
  return content;
}

test('later batches hold what kept ones hold, for any number of threads', async () => {
  using folder = temporaryFolder();
  using all = await open(folder.path, FILES);
  using dataset = all.subset([9, 1, 4, 4, 0, 7]);
  const kept = await contentOf(dataset, false);
  assert.deepEqual(
    kept.map(({ shape }) => shape[0]),
    [4, 2],
  );
  assert.deepEqual(await contentOf(dataset, true), kept);
  assert.deepEqual(await contentOf(dataset, true, 3), kept);
});

test('an image that may be left out is left out of later batches, too', async () => {
  using folder = temporaryFolder();
  using dataset = await open(folder.path, { ...FILES, 'train/dog/2.png': 'no picture' }, 'skip');
  const kept = await contentOf(dataset, false);
  assert.deepEqual(
    kept.map(({ shape }) => shape[0]),
    [4, 3, 2],
  );
  assert.deepEqual(await contentOf(dataset, true), kept);
});

test('an image that breaks after the batches were made is an error that names it', async () => {
  using folder = temporaryFolder();
  using dataset = await open(folder.path, FILES);
  const batches = await dataset.batches({ batchSize: 10, later: true });
  assert.equal(pixelsOf(batches[0]!).length, 10 * 3 * 256);
  const path = join(folder.path, 'train', 'cat', '3.png');
  renameSync(path, `${path}.away`);
  assert.throws(() => batches[0]!.images(), { code: 'INVALID_DATASET', message: /cat\/3\.png/ });
  writeFileSync(path, 'no picture');
  assert.throws(() => batches[0]!.images(), { code: 'INVALID_DATASET', message: /cat\/3\.png/ });
  batches[0]!.dispose();
  assert.throws(() => batches[0]!.images(), { code: 'DISPOSED' });
});
