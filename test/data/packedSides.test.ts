import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspectDataset } from '../../src/data/inspect.js';
import { openDataset } from '../../src/data/open.js';
import { packDataset } from '../../src/data/pack.js';
import { bytes, temporaryFolder } from './files.js';
import { pixelsOfPicture, png, writeFiles } from './pictures.js';

test('decoded pixels of an image with a side above 65,535 are packed so that the file can be opened', async () => {
  using folder = temporaryFolder();
  const [path, packed] = [join(folder.path, 'images'), join(folder.path, 'images.sppack')];
  const small = png(16, 16, pixelsOfPicture(16, 16, 0));
  const long = new Uint8Array(70_000 * 2 * 3).fill(100);
  const files = { 'a/0.png': small, 'a/wide.png': png(2, 70_000, long), 'b/tall.png': png(70_000, 2, long) };
  writeFiles(join(path, 'train'), files);
  writeFiles(join(path, 'val'), { 'a/0.png': small, 'b/0.png': small });
  await packDataset({ kind: 'image-folder', path }, packed, { raw: true });
  using dataset = await openDataset(
    { kind: 'packed', path: packed, size: 16, normalize: bytes(3) },
    { split: 'train' },
  );
  const [batch] = await dataset.batches({ batchSize: 3 });
  const images = batch!.images();
  batch!.dispose();
  assert.ok(images.subarray(768).every((value) => Math.abs(value - 100) < 0.01));
});

test('an image that would be too long for a JPEG is broken, and the others are packed', async () => {
  using folder = temporaryFolder();
  const [path, packed] = [join(folder.path, 'images'), join(folder.path, 'images.sppack')];
  const small = png(16, 16, pixelsOfPicture(16, 16, 0));
  const long = png(2, 140_000, new Uint8Array(140_000 * 2 * 3));
  writeFiles(join(path, 'train'), { 'a/0.png': small, 'a/long.png': long, 'b/0.png': small });
  writeFiles(join(path, 'val'), { 'a/0.png': small, 'b/0.png': small });
  const pack = (broken: 'error' | 'skip') =>
    packDataset({ kind: 'image-folder', path }, packed, { resize: 1, broken });
  await assert.rejects(pack('error'), { code: 'INVALID_DATASET', message: /long\.png' would be 1 x 70000$/ });
  const report = await pack('skip');
  assert.deepEqual([report.images, report.leftOut.length], [4, 1]);
});

test('the deviation of images with rows of more than 65,535 pixels', async () => {
  const [width, white] = [140_000, 70_000];
  const half = png(
    1,
    width,
    Uint8Array.from({ length: width * 3 }, (_, i) => (i < white * 3 ? 255 : 0)),
  );
  const images = { images: [half, half], labels: [0, 1] };
  const { mean, std } = await inspectDataset({ kind: 'encoded', train: images }, 'train', { decode: 2 });
  assert.deepEqual(mean, [0.5, 0.5, 0.5]);
  assert.deepEqual(std, [0.5, 0.5, 0.5]);
});
