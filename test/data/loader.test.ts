import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { RandomStream } from '../../src/core/rng.js';
import type { Dataset } from '../../src/data/dataset.js';
import type { DataLoader, LoaderOptions } from '../../src/data/loader.js';
import { datasetFromArrays, openDataset } from '../../src/data/open.js';
import { bytes, labelsOf, pixelsOf } from './files.js';

const [channels, height, width] = [3, 6, 5];
const imageSize = channels * height * width;
let dataset: Dataset;
let originals: Uint8Array[]; // [C, H, W] each

before(async () => {
  const shape: [number, number, number] = [channels, height, width];
  dataset = await openDataset(
    { kind: 'synthetic', shape, classes: 3, trainImages: 101, normalize: bytes(channels) },
    { split: 'train' },
  );
  const [all] = await dataset.batches({ batchSize: 101 });
  originals = splitImages(pixelsOf(all!));
});
after(() => dataset.dispose());

const splitImages = (pixels: Uint8Array) =>
  Array.from({ length: pixels.length / imageSize }, (_, i) =>
    pixels.slice(i * imageSize, (i + 1) * imageSize),
  );

async function read(loader: DataLoader, epoch: number, firstBatch = 0) {
  const images: Uint8Array[] = [];
  const labels: number[] = [];
  const sizes: number[] = [];
  for await (const batch of loader.epoch(epoch, firstBatch)) {
    images.push(...splitImages(pixelsOf(batch)));
    labels.push(...labelsOf(batch));
    sizes.push(batch.size);
    batch.dispose();
  }
  return { images, labels, sizes };
}

/** Order of an epoch by definition: Fisher and Yates's shuffle from the end, keyed by (seed, epoch). */
function shuffled(size: number, seed: number, epoch: number): number[] {
  const random = new RandomStream(seed, 'shuffle', epoch);
  const order = [...Array(size).keys()];
  for (let left = size; left > 1; left--) {
    const other = random.integer(left);
    [order[left - 1], order[other]] = [order[other]!, order[left - 1]!];
  }
  return order;
}

/** Augmentation by definition, one pixel at a time. */
function augmented(index: number, padding: number, flip: boolean, seed: number, epoch: number): Uint8Array {
  const random = new RandomStream(seed, 'augmentation', epoch * 2 ** 32 + index);
  const top = padding > 0 ? random.integer(2 * padding + 1) - padding : 0;
  const left = padding > 0 ? random.integer(2 * padding + 1) - padding : 0;
  // The flip has draw number 64 of the image's stream.
  for (let draw = padding > 0 ? 2 : 0; draw < 64; draw++) random.bits();
  const mirrored = flip && random.integer(2) === 1;
  return Uint8Array.from({ length: imageSize }, (_, at) => {
    const x = at % width;
    const y = Math.floor(at / width) % height;
    const c = Math.floor(at / (width * height));
    const fromX = (mirrored ? width - 1 - x : x) + left;
    const fromY = y + top;
    const inside = fromX >= 0 && fromX < width && fromY >= 0 && fromY < height;
    return inside ? originals[index]![(c * height + fromY) * width + fromX]! : 0;
  });
}

test('without shuffling the images come in order, the last batch smaller or left out', async () => {
  using loader = dataset.loader({ batchSize: 25 });
  assert.equal(loader.batchesPerEpoch, 5);
  const { images, labels, sizes } = await read(loader, 0);
  assert.deepEqual(sizes, [25, 25, 25, 25, 1]);
  assert.deepEqual(images, originals);
  assert.deepEqual(labels, Array.from(dataset.labels()));
  using dropping = dataset.loader({ batchSize: 25, dropLast: true });
  assert.equal(dropping.batchesPerEpoch, 4);
  assert.deepEqual((await read(dropping, 0)).sizes, [25, 25, 25, 25]);
});

test('order and augmentation are their definition, for any options', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        batchSize: fc.integer({ min: 1, max: 120 }),
        shuffle: fc.boolean(),
        seed: fc.integer({ min: 0, max: 2 ** 40 }),
        threads: fc.integer({ min: 1, max: 5 }),
        prefetch: fc.integer({ min: 1, max: 6 }),
        augment: fc.record({ cropPadding: fc.integer({ min: 0, max: 5 }), flip: fc.boolean() }),
      }),
      fc.integer({ min: 0, max: 2 ** 21 - 1 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      async (options, epoch, where) => {
        using loader = dataset.loader(options);
        const firstBatch = Math.floor(where * loader.batchesPerEpoch);
        const { images, labels } = await read(loader, epoch, firstBatch);
        const { shuffle, seed, augment } = options;
        const order = (shuffle ? shuffled(101, seed, epoch) : [...Array(101).keys()]).slice(
          firstBatch * options.batchSize,
        );
        assert.deepEqual(
          labels,
          order.map((index) => index % 3),
        );
        const expected = order.map((index) =>
          augmented(index, augment.cropPadding, augment.flip, seed, epoch),
        );
        assert.deepEqual(images, expected);
      },
    ),
    { numRuns: 60 },
  );
});

test('an image is varied the same way in a subset, and differently in each epoch', async () => {
  const options: LoaderOptions = { batchSize: 8, augment: { cropPadding: 2, flip: true }, seed: 4 };
  using whole = dataset.loader(options);
  using view = dataset.subset([90, 7, 33]);
  using part = view.loader({ ...options, indices: [2, 0] });
  const { images } = await read(whole, 6);
  assert.deepEqual((await read(part, 6)).images, [images[33], images[90]]);
  assert.notDeepEqual((await read(whole, 7)).images, images);
});

test('shuffling and the flip are fair', async () => {
  // Image i is two pixels: i, and 100 + i.
  const pixels = Uint8Array.from({ length: 10 }, (_, at) => (at >> 1) + 100 * (at & 1));
  const normalize = bytes(1);
  using five = await datasetFromArrays(
    { pixels, shape: [5, 1, 1, 2], labels: [0, 0, 0, 0, 0] },
    { normalize },
  );
  using loader = five.loader({ batchSize: 5, shuffle: true, augment: { flip: true } });
  const places = Array(5).fill(0);
  let flips = 0;
  for (let epoch = 0; epoch < 600; epoch++) {
    for await (const batch of loader.epoch(epoch)) {
      const seen = pixelsOf(batch);
      places[seen.findIndex((value) => value % 100 === 0) >> 1]++;
      flips += [0, 2, 4, 6, 8].filter((at) => seen[at]! >= 100).length;
    }
  }
  for (const times of places) assert.ok(Math.abs(times - 120) < 4 * Math.sqrt(600 * 0.2 * 0.8), `${places}`);
  assert.ok(Math.abs(flips - 1500) < 4 * Math.sqrt(3000 * 0.25), `${flips} of 3000`);
});

test('ranks share every epoch out: together they deliver each image once', async () => {
  for (const [batchSize, worldSize] of [
    [10, 3],
    [7, 2],
    [40, 4],
    [1, 8],
  ] as const) {
    const options = { batchSize, shuffle: true, seed: 5, worldSize };
    const ranks = Array.from({ length: worldSize }, (_, rank) => dataset.loader({ ...options, rank }));
    const parts = await Promise.all(ranks.map((loader) => read(loader, 2)));
    using alone = dataset.loader({ batchSize: batchSize * worldSize, shuffle: true, seed: 5 });
    const whole = await read(alone, 2);
    assert.deepEqual(
      parts.map(({ sizes }) => sizes.length),
      ranks.map((loader) => loader.batchesPerEpoch),
    );
    const sorted = (images: Uint8Array[]) => images.map((image) => Buffer.from(image).toString('hex')).sort();
    assert.deepEqual(sorted(parts.flatMap(({ images }) => images)), sorted(whole.images));
    // The first batches of all ranks together are the first batch of one process with larger batches.
    const first = parts.flatMap(({ images }) => images.slice(0, batchSize));
    assert.deepEqual(first, whole.images.slice(0, batchSize * worldSize));
    for (const loader of ranks) loader.dispose();
  }
});

test('mixup and cutmix blend image i with image n - 1 - i; the batch tells the labels and the share', async () => {
  const batchSize = 20;
  using plain = dataset.loader({ batchSize, shuffle: true, seed: 3 });
  const originalsOf = await read(plain, 1);
  for (const augment of [{ mixup: 0.4 }, { cutmix: 1 }]) {
    using loader = dataset.loader({ batchSize, shuffle: true, seed: 3, augment });
    let number = 0;
    for await (const batch of loader.epoch(1)) {
      const [images, labels, mix] = [splitImages(pixelsOf(batch)), labelsOf(batch), batch.mix()!];
      assert.deepEqual(mix.labels, labels.toReversed());
      assert.ok(mix.share >= 0 && mix.share <= 1);
      const from = originalsOf.images.slice(number * batchSize, number * batchSize + images.length);
      images.forEach((image, i) => {
        const [a, b] = [from[i]!, from[images.length - 1 - i]!];
        if ('mixup' in augment) {
          assert.ok(
            image.every(
              (value, at) => Math.abs(value - (mix.share * a[at]! + (1 - mix.share) * b[at]!)) <= 1,
            ),
          );
        } else if (2 * i !== images.length - 1) {
          const others = image.filter((value, at) => value !== a[at]).length;
          assert.ok(image.every((value, at) => value === a[at] || value === b[at]));
          assert.ok(others <= (1 - mix.share) * imageSize + 1e-9);
        }
      });
      number++;
    }
  }
});

test('erasing fills boxes with the mean, Cutout a square; both leave the rest alone', async () => {
  const fill = [0, 0, 0]; // the mean of bytes()
  for (const augment of [{ erase: 1 }, { cutout: 3 }]) {
    using loader = dataset.loader({ batchSize: 101, augment });
    const { images } = await read(loader, 0);
    let changed = 0;
    images.forEach((image, i) => {
      image.forEach((value, at) => {
        if (value === originals[i]![at]) return;
        assert.equal(value, fill[Math.floor(at / (height * width))]);
        changed++;
      });
    });
    const share = changed / (101 * imageSize);
    assert.ok(share > 0.05 && share < 0.4, `${share}`);
  }
});

test('colour jitter is one affine map: brightness alone scales all values', async () => {
  using loader = dataset.loader({ batchSize: 101, augment: { colorJitter: { brightness: 0.5 } } });
  const { images } = await read(loader, 0);
  const factors = images.map((image, i) => {
    const original = originals[i]!;
    const safe = original.findIndex((value, at) => value > 60 && image[at]! < 255);
    const factor = image[safe]! / original[safe]!;
    image.forEach((value, at) => {
      if (value < 255) assert.ok(Math.abs(value - factor * original[at]!) <= 3);
    });
    return factor;
  });
  assert.ok(Math.min(...factors) < 0.7 && Math.max(...factors) > 1.3);
});

test('resuming: the stream from a step continues as if it had never stopped', async () => {
  using loader = dataset.loader({ batchSize: 30, shuffle: true, seed: 9, augment: { flip: true } });
  const take = async (from: number, count: number) => {
    const batches: Uint8Array[] = [];
    for await (const batch of loader.from(from)) {
      batches.push(pixelsOf(batch));
      if (batches.length === count) break;
    }
    return batches;
  };
  const all = await take(0, 13);
  assert.equal(loader.batchesPerEpoch, 4);
  for (const step of [1, 4, 6, 11]) assert.deepEqual(await take(step, 13 - step), all.slice(step));
});

test('two iterations of one loader do not disturb each other', async () => {
  using loader = dataset.loader({ batchSize: 10, shuffle: true, threads: 2 });
  const [a, b, again] = await Promise.all([read(loader, 1), read(loader, 2), read(loader, 1)]);
  assert.deepEqual(a, again);
  assert.notDeepEqual(a.images, b.images);
});

test('an abort ends the iteration, before, between and during next()', async () => {
  using loader = dataset.loader({ batchSize: 10 });
  await assert.rejects(loader.epoch(0, 0, AbortSignal.abort()).next(), { code: 'ABORTED' });
  const controller = new AbortController();
  const batches = loader.epoch(0, 0, controller.signal);
  assert.equal((await batches.next()).value!.size, 10);
  controller.abort();
  await assert.rejects(batches.next(), { code: 'ABORTED' });
});

test('dispose ends iterations; afterwards a loader and a data set say so', async () => {
  const loader = dataset.loader({ batchSize: 10, threads: 3 });
  const batches = loader.epoch(0);
  await batches.next();
  const waiting = batches.next();
  loader.dispose();
  loader.dispose();
  // The batch may have been on its way already.
  await waiting.then(
    ({ value }) => assert.equal(value!.size, 10),
    (error) => assert.equal(error.code, 'DISPOSED'),
  );
  await assert.rejects(loader.epoch(0).next(), { code: 'DISPOSED' });
  const view = dataset.take(20);
  const viewLoader = view.loader({ batchSize: 5 });
  view.dispose();
  view.dispose();
  assert.equal(dataset.labels().length, 101); // the pixels live on with the other views
  assert.equal((await read(viewLoader, 0)).images.length, 20);
  assert.throws(() => view.labels(), { code: 'DISPOSED' });
  assert.throws(() => view.loader({ batchSize: 1 }), { code: 'DISPOSED' });
});

test('an iteration left early stops its threads at once', {
  skip: process.platform !== 'linux',
}, async () => {
  using loader = dataset.loader({ batchSize: 1, threads: 4, prefetch: 50 });
  const leaveEarly = async (epoch: number): Promise<void> => {
    for await (const batch of loader.epoch(epoch)) {
      assert.ok(threads() >= before + 4, 'while it runs they are there');
      batch.dispose();
      break;
    }
  };
  const threads = (): number => readdirSync('/proc/self/task').length;
  let before = 0;
  await leaveEarly(0); // Node and libtorch start threads of their own with the first work
  before = threads();
  for (let round = 1; round < 100; round++) await leaveEarly(round);
  assert.equal(threads(), before);
});

test('options out of range are refused', () => {
  const options: [string, Partial<LoaderOptions>][] = [
    ['batchSize', { batchSize: 0 }],
    ['batchSize', { batchSize: 2.5 }],
    ['batchSize', { batchSize: 102, dropLast: true }],
    ['threads', { threads: 0 }],
    ['prefetch', { prefetch: 0 }],
    ['seed', { seed: -1 }],
    ['cropPadding', { augment: { cropPadding: 6 } }],
    ['positions', { indices: [101] }],
  ];
  for (const [name, wrong] of options) {
    assert.throws(() => dataset.loader({ batchSize: 10, ...wrong }), {
      code: 'INVALID_ARGUMENT',
      message: RegExp(name),
    });
  }
  using loader = dataset.loader({ batchSize: 10 });
  assert.throws(() => loader.epoch(-1), { code: 'INVALID_ARGUMENT' });
  assert.throws(() => loader.epoch(0, 12), { code: 'INVALID_ARGUMENT' });
});
