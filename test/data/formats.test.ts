import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { SinglePathError } from '../../src/core/errors.js';
import { packageRoot } from '../../src/core/packageRoot.js';
import { finishImageWork } from '../../src/data/imageWork.js';
import { inspectDataset } from '../../src/data/inspect.js';
import { type DatasetSource, datasetLocations } from '../../src/data/kinds/index.js';
import { datasetFromArrays, openDataset } from '../../src/data/open.js';
import { addon } from '../../src/runtime/addon.js';
import {
  bytes,
  decodeIdx,
  idxImages,
  idxLabels,
  labelsOf,
  pixelsOf,
  temporaryFolder,
  writeIdxFolder,
} from './files.js';

const embedded = join(packageRoot(), 'data', 'fashion-mnist-mini');

/** Asserts an INVALID_DATASET error whose message has all of `parts`. */
async function rejects(promise: Promise<unknown>, ...parts: string[]): Promise<void> {
  await assert.rejects(promise, (error: unknown) => {
    assert.ok(error instanceof SinglePathError, String(error));
    assert.equal(error.code, 'INVALID_DATASET', error.message);
    for (const part of parts)
      assert.ok(error.message.includes(part), `'${part}' is missing in: ${error.message}`);
    return true;
  });
}

test('the embedded Fashion-MNIST has the pixels and labels of its files', async () => {
  for (const [split, stem, count] of [
    ['train', 'train', 10_000],
    ['test', 't10k', 10_000],
  ] as const) {
    const images = decodeIdx(readFileSync(join(embedded, `${stem}-images-idx3-ubyte.gz`)));
    const labels = decodeIdx(readFileSync(join(embedded, `${stem}-labels-idx1-ubyte.gz`)));
    using dataset = await openDataset(
      { kind: 'fashion-mnist', path: embedded, normalize: bytes(1) },
      { split },
    );
    assert.deepEqual(images.sizes, [count, 28, 28]);
    assert.deepEqual([dataset.size, ...dataset.shape], [count, 1, 28, 28]);
    assert.equal(dataset.classes, 10);
    assert.deepEqual(Array.from(dataset.labels()), Array.from(labels.data));
    const batches = await dataset.batches({ batchSize: 300 });
    assert.equal(batches.length, Math.ceil(count / 300));
    assert.ok(Buffer.concat(batches.map(pixelsOf)).equals(images.data));
    assert.deepEqual(batches.flatMap(labelsOf), Array.from(labels.data));
    for (const batch of batches) batch.dispose();
  }
});

test('mean and standard deviation are those of the training images, for both splits', async () => {
  const { data } = decodeIdx(readFileSync(join(embedded, 'train-images-idx3-ubyte.gz')));
  const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
  const variance = data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length;
  for (const split of ['train', 'test'] as const) {
    using dataset = await openDataset({ kind: 'fashion-mnist', path: embedded }, { split });
    assert.ok(Math.abs(dataset.normalization.mean[0]! - mean / 255) < 1e-9);
    assert.ok(Math.abs(dataset.normalization.std[0]! - Math.sqrt(variance) / 255) < 1e-9);
  }
});

test('fashion-mnist without a path opens the best set that is there', async () => {
  const best = datasetLocations().find(({ found }) => found);
  assert.ok(best !== undefined && datasetLocations().at(-1)!.path === embedded);
  using dataset = await openDataset({ kind: 'fashion-mnist' }, { split: 'test' });
  assert.equal(dataset.size, 10_000);
});

test('IDX files may be plain or compressed, named with a dash or a dot', async () => {
  for (const [compressed, dot] of [
    [true, false],
    [false, false],
    [false, true],
  ] as const) {
    using folder = temporaryFolder();
    const { pixels, labels } = writeIdxFolder(folder.path, 9, compressed);
    if (dot) {
      for (const name of readdirSync(folder.path)) {
        renameSync(join(folder.path, name), join(folder.path, name.replace('-idx', '.idx')));
      }
    }
    using dataset = await openDataset(
      { kind: 'idx', path: folder.path, normalize: bytes(1) },
      { split: 'train' },
    );
    const [batch] = await dataset.batches({ batchSize: 9 });
    assert.deepEqual(batch!.shape, [9, 1, 3, 4]);
    assert.deepEqual(pixelsOf(batch!), pixels);
    assert.deepEqual(labelsOf(batch!), labels);
    assert.equal(dataset.classes, 7);
  }
});

test('CIFAR files are planes of red, green and blue after one or two label bytes', async () => {
  using folder = temporaryFolder();
  const plane = (record: number) => Uint8Array.from({ length: 3072 }, (_, i) => (i * 7 + record * 41) % 256);
  const record = (number: number, ...labels: number[]) => Buffer.concat([Buffer.from(labels), plane(number)]);
  const ten = join(folder.path, 'cifar-10-batches-bin'); // as the archive unpacks
  mkdirSync(ten);
  for (let file = 1; file <= 5; file++) {
    writeFileSync(
      join(ten, `data_batch_${file}.bin`),
      Buffer.concat([record(2 * file, file), record(2 * file + 1, 9)]),
    );
  }
  using cifar10 = await openDataset(
    { kind: 'cifar10', path: folder.path, normalize: bytes(3) },
    { split: 'train' },
  );
  const [batch] = await cifar10.batches({ batchSize: 100 });
  assert.deepEqual(batch!.shape, [10, 3, 32, 32]);
  assert.deepEqual(labelsOf(batch!), [1, 9, 2, 9, 3, 9, 4, 9, 5, 9]);
  const expectedPixels = Buffer.concat([2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map(plane));
  assert.ok(expectedPixels.equals(pixelsOf(batch!)));

  writeFileSync(join(folder.path, 'test.bin'), Buffer.concat([record(1, 3, 77), record(2, 19, 99)]));
  const config = { kind: 'cifar100', path: folder.path, normalize: bytes(3), channelOrder: 'bgr' } as const;
  using cifar100 = await openDataset(config, { split: 'test' });
  assert.equal(cifar100.classes, 100);
  const [bgr] = await cifar100.batches({ batchSize: 2, indices: [1] });
  assert.deepEqual(labelsOf(bgr!), [99]);
  const [red, green, blue] = [0, 1, 2].map((channel) =>
    plane(2).subarray(channel * 1024, (channel + 1) * 1024),
  );
  assert.ok(Buffer.concat([blue!, green!, red!]).equals(pixelsOf(bgr!)));

  const opened = openDataset({ kind: 'cifar10', path: folder.path }, { split: 'test' });
  await rejects(opened, 'test_batch.bin', 'there is none');
  writeFileSync(join(ten, 'test_batch.bin'), record(1, 10));
  await rejects(
    openDataset({ kind: 'cifar10', path: ten }, { split: 'test' }),
    'test_batch.bin',
    'below 10',
    'received 10',
  );
  writeFileSync(join(ten, 'test_batch.bin'), record(1, 1).subarray(0, 3000));
  await rejects(
    openDataset({ kind: 'cifar10', path: ten }, { split: 'test' }),
    'test_batch.bin',
    '3073',
    '3000',
  );
  writeFileSync(join(ten, 'test_batch.bin'), record(1, 1, 1));
  await assert.rejects(openDataset({ kind: 'cifar10', path: ten }, { split: 'test' }), {
    hint: /fits CIFAR-100/,
  });
});

test('arrays: bytes given in memory', async () => {
  const pixels = Uint8Array.from({ length: 2 * 2 * 3 * 3 }, (_, i) => i);
  using dataset = await datasetFromArrays(
    { pixels, shape: [2, 3, 2, 3], labels: [4, 0] },
    { normalize: bytes(3) },
  );
  const [batch] = await dataset.batches({ batchSize: 2 });
  assert.deepEqual(batch!.shape, [2, 3, 2, 3]);
  assert.equal(dataset.classes, 5);
  assert.deepEqual(Array.from(pixelsOf(batch!).subarray(0, 6)), [0, 3, 6, 9, 12, 15]); // NHWC in, NCHW out
  await rejects(datasetFromArrays({ pixels, shape: [2, 3, 2, 2], labels: [4, 0] }), '24', '36');
  await rejects(datasetFromArrays({ pixels, shape: [2, 3, 2, 3], labels: [4] }), '2 labels', '1');
  // What an Int32Array would make of these: 0, 0, 0, 0, 1, 0, -2^31, -1.
  const hole: unknown[] = new Array(2);
  hole[0] = 4;
  const labels: unknown[][] = [
    hole,
    [4, undefined],
    [4, null],
    [4, Number.NaN],
    [4, '1'],
    [4, 2 ** 32],
    [4, 2 ** 31],
    [4, -1],
  ];
  const images = [new Uint8Array(1), new Uint8Array(1)];
  for (const wrong of [...labels, [4, 2 ** 32 - 1]] as number[][]) {
    for (const given of [
      datasetFromArrays({ pixels, shape: [2, 3, 2, 3], labels: wrong }),
      openDataset({ kind: 'encoded', train: { images, labels: wrong } }, { split: 'train' }),
    ]) {
      await assert.rejects(
        given,
        (error: SinglePathError) => error.code === 'INVALID_ARGUMENT' && /for label 1 of/.test(error.message),
      );
    }
  }
  await assert.rejects(datasetFromArrays({ pixels, shape: [2, 3, 2, 3], labels: [4, 0.5] }), {
    code: 'INVALID_ARGUMENT',
  });
});

test('mean and deviation of chosen images: of all in memory, however many', async () => {
  const size = 9001;
  const pixels = Uint8Array.from({ length: size }, (_, i) => (i * 7) % 251);
  using all = await datasetFromArrays({ pixels, shape: [size, 1, 1, 1], labels: Array(size).fill(0) });
  using some = all.subset([...pixels.keys()].filter((i) => i % 9 !== 0));
  const values = pixels.filter((_, i) => i % 9 !== 0);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const found = await some.statistics();
  assert.ok(Math.abs(found.mean[0]! - mean / 255) < 1e-12);
  assert.ok(Math.abs(found.std[0]! - Math.sqrt(squares / values.length) / 255) < 1e-12);
  assert.deepEqual(await all.statistics(), all.normalization);
  using none = all.take(0);
  await assert.rejects(none.statistics(), { code: 'INVALID_ARGUMENT', message: /at least one image/ });
});

test('labels of arrays are below a million, as those of files are', async () => {
  const withLabel = (label: number) => ({
    pixels: new Uint8Array(2),
    shape: [2, 1, 1, 1] as const,
    labels: [0, label],
  });
  using largest = await datasetFromArrays(withLabel(999_999));
  assert.equal(largest.classes, 1_000_000);
  // Each class has a place where images are counted: 2^31 of them are 17 GB.
  const wrong = { code: 'INVALID_ARGUMENT', message: /from 0 to 999999 for label 1 of the arrays/ };
  for (const label of [1_000_000, 2 ** 31 - 1]) {
    await assert.rejects(datasetFromArrays(withLabel(label)), wrong);
    await assert.rejects(inspectDataset({ kind: 'arrays', train: withLabel(label) }, 'train'), wrong);
  }
});

test('negative labels are refused where a data set is opened, whatever its kind', async () => {
  const labels = Int32Array.of(0, -1);
  const sources: DatasetSource[] = [
    { format: 'arrays', pixels: new Uint8Array(2), shape: [2, 1, 1, 1], labels },
    { format: 'encoded', images: [new Uint8Array(1), new Uint8Array(1)], labels },
  ];
  const options = { decode: 0, threads: 1, pixelLimit: 0 };
  for (const source of sources) {
    const inspected = finishImageWork((cancel) => addon().inspectImages(source, options, cancel), {});
    await rejects(inspected, 'labels from 0 upwards but received -1 for image 1');
  }
});

test('gzip files that unpack to an absurd size are refused on the way', async () => {
  using folder = temporaryFolder();
  // 70 MB of zeros in 70 KB: an IDX file whose header promises them, and CIFAR-10 records of class 0.
  const header = Buffer.alloc(16);
  for (const [i, value] of [0x803, 70_000, 32, 32].entries()) header.writeUInt32BE(value, 4 * i);
  const bomb = (head: Buffer) => gzipSync(Buffer.concat([head, Buffer.alloc(72_000_000)]));
  writeFileSync(join(folder.path, 'train-images-idx3-ubyte.gz'), bomb(header));
  writeFileSync(join(folder.path, 'train-labels-idx1-ubyte.gz'), gzipSync(idxLabels([0])));
  await rejects(
    openDataset({ kind: 'mnist', path: folder.path }, { split: 'train' }),
    'train-images-idx3-ubyte.gz',
    'at most 100 times its size',
  );
  writeFileSync(join(folder.path, 'test_batch.bin'), bomb(Buffer.alloc(0)));
  await rejects(
    openDataset({ kind: 'cifar10', path: folder.path }, { split: 'test' }),
    'test_batch.bin',
    'at most 100 times its size',
  );
});

test('damaged IDX files are refused with file, expectation and finding', async () => {
  using folder = temporaryFolder();
  const { path } = folder;
  const images = join(path, 'train-images-idx3-ubyte');
  const labels = join(path, 'train-labels-idx1-ubyte');
  const open = () => openDataset({ kind: 'idx', path }, { split: 'train' });
  await rejects(open(), 'train-images-idx3-ubyte', 'there is none');

  const pixels = new Uint8Array(10 * 12);
  const write = (imageFile: Buffer, labelFile: Buffer) => {
    writeFileSync(images, imageFile);
    writeFileSync(labels, labelFile);
  };
  const goodImages = idxImages(10, 3, 4, pixels);
  const goodLabels = idxLabels([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  write(Buffer.alloc(0), goodLabels);
  await rejects(open(), images, 'it is empty');
  write(goodImages.subarray(0, 10), goodLabels);
  await rejects(open(), images, 'header');
  write(goodImages.subarray(0, 100), goodLabels);
  await rejects(open(), images, '120 bytes of pixels (10 images of 3x4)', 'ends after 84');
  write(Buffer.concat([goodImages, Buffer.alloc(1)]), goodLabels);
  await rejects(open(), images, 'more bytes');
  write(Buffer.from('\x89PNG\r\n\x1a\n and so on', 'latin1'), goodLabels);
  await rejects(open(), images, '0x00000803', '0x89504e47');
  write(goodLabels, goodLabels);
  await assert.rejects(open(), { code: 'INVALID_DATASET', hint: /IDX file of labels/ });
  write(idxImages(0, 3, 4, new Uint8Array()), idxLabels([]));
  await rejects(open(), images, 'at least one image', '0 images');
  write(idxImages(0xffffffff, 16384, 16384, pixels), goodLabels); // must not try to allocate an exabyte
  await rejects(open(), images, 'ends after 120');
  write(goodImages, idxLabels([1, 2, 3]));
  await rejects(open(), labels, images, '10 labels', 'received 3');
  write(goodImages, goodLabels.subarray(0, 12));
  await rejects(open(), labels, '10 bytes of labels', 'ends after 4');
});

test('damaged gzip files are refused', async () => {
  using folder = temporaryFolder();
  writeIdxFolder(folder.path, 500);
  const images = join(folder.path, 'train-images-idx3-ubyte.gz');
  const open = () => openDataset({ kind: 'idx', path: folder.path }, { split: 'train' });
  const intact = readFileSync(images);
  for (const length of [intact.length - 4, intact.length - 9, intact.length >> 1, 30]) {
    writeFileSync(images, intact);
    truncateSync(images, length);
    await rejects(open(), images, 'truncated');
  }
  const damaged = Buffer.from(intact);
  damaged[damaged.length >> 1]! ^= 0x55;
  writeFileSync(images, damaged);
  await rejects(open(), images);
  writeFileSync(images, gzipSync(Buffer.alloc(0)));
  await rejects(open(), images, 'ends after 0');
});

test('a wrong configuration is refused', async () => {
  const open = (config: object) =>
    openDataset(config as Parameters<typeof openDataset>[0], { split: 'train' });
  await assert.rejects(open({ kind: 'fashion-mnits' }), {
    code: 'INVALID_ARGUMENT',
    hint: "did you mean 'fashion-mnist'?",
  });
  await assert.rejects(open({ kind: 'cifar10' }), { code: 'INVALID_ARGUMENT' });
  await assert.rejects(open({ kind: 'synthetic', normalize: 'imagenet' }), {
    code: 'INVALID_ARGUMENT',
    hint: /auto/,
  });
  await assert.rejects(open({ kind: 'synthetic', normalize: { mean: [0, 0], std: [1] } }), /normalize.mean/);
  await assert.rejects(open({ kind: 'synthetic', channelOrder: 'bgr' }), { code: 'INVALID_DATASET' });
  await assert.rejects(open({ kind: 'arrays' }), { code: 'INVALID_ARGUMENT' });
});

test('synthetic images are a function of the seed, differ between splits and can be told apart by class', async () => {
  const config = {
    kind: 'synthetic',
    shape: [3, 12, 10],
    classes: 4,
    trainImages: 400,
    testImages: 80,
  } as const;
  const read = async (split: 'train' | 'test', seed: number) => {
    using dataset = await openDataset({ ...config, seed, normalize: bytes(3) }, { split });
    const [batch] = await dataset.batches({ batchSize: dataset.size });
    return { pixels: pixelsOf(batch!), labels: labelsOf(batch!) };
  };
  const train = await read('train', 5);
  assert.deepEqual(await read('train', 5), train);
  assert.notDeepEqual((await read('train', 6)).pixels, train.pixels);
  const held = await read('test', 5);
  assert.notDeepEqual(held.pixels.subarray(0, 360), train.pixels.subarray(0, 360));
  // Nearest class mean, the weakest of learners, must do far better than chance on the other split.
  const means = Array.from({ length: 4 }, () => new Float64Array(360));
  train.labels.forEach((label, n) => {
    for (let i = 0; i < 360; i++) means[label]![i]! += train.pixels[n * 360 + i]! / 100;
  });
  const right = held.labels.filter((label, n) => {
    const distances = means.map((mean) =>
      mean.reduce((sum, m, i) => sum + (m - held.pixels[n * 360 + i]!) ** 2, 0),
    );
    return distances.indexOf(Math.min(...distances)) === label;
  });
  assert.ok(right.length > 60, `${right.length} of 80`);
});
