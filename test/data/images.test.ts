/** JPEG and PNG files through the whole native path, compared with what Pillow and torchvision make of them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { packageRoot } from '../../src/core/packageRoot.js';
import type { ImageConfig } from '../../src/data/kinds/imageConfig.js';
import { openDataset } from '../../src/data/open.js';
import { bytes, labelsOf, pixelsOf } from './files.js';

interface Vector {
  name: string;
  file: string;
  /** RGB rows. */
  pixels: string;
}
interface Vectors {
  side: number;
  decoded: Vector[];
  resized: (Omit<Vector, 'name'> & { height: number; width: number; resize: number; size: number })[];
}

const vectors: Vectors = JSON.parse(
  readFileSync(join(packageRoot(), 'test', 'vectors', 'images.json'), 'utf8'),
);
const decode = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64'));
const fileOf = (name: string): Uint8Array => decode(vectors.decoded.find((v) => v.name === name)!.file);

function open(images: readonly Uint8Array[], options: ImageConfig = {}) {
  const labels = images.map((_, index) => index);
  const normalize = bytes(options.channels ?? 3);
  return openDataset(
    { kind: 'encoded', train: { images, labels }, normalize, ...options },
    { split: 'train' },
  );
}

/** Pixels of the only image, rows of interleaved channels. */
async function pixels(file: Uint8Array, options: ImageConfig = {}): Promise<Uint8Array> {
  using dataset = await open([file], options);
  const [batch] = await dataset.batches({ batchSize: 1 });
  const planes = pixelsOf(batch!);
  const channels = dataset.shape[0];
  const plane = planes.length / channels;
  return planes.map((_, at) => planes[(at % channels) * plane + Math.floor(at / channels)]!);
}

const farthest = (a: Uint8Array, b: Uint8Array): number => {
  assert.equal(a.length, b.length);
  return a.reduce((most, value, at) => Math.max(most, Math.abs(value - b[at]!)), 0);
};

describe('decoding', () => {
  for (const { name, file, pixels: expected } of vectors.decoded) {
    test(`${name} is what Pillow decodes`, async () => {
      assert.deepEqual(await pixels(decode(file)), decode(expected));
    });
  }

  test('the orientation is EXIF’s unless it is switched off', async () => {
    const [turned, upright] = [fileOf('jpeg orientation 8'), fileOf('jpeg orientation 3')];
    assert.deepEqual(
      await pixels(turned, { upright: false }),
      await pixels(upright, { upright: false }),
      'the pixels in the files are the same',
    );
    assert.notDeepEqual(await pixels(turned), await pixels(upright));
  });

  test('images are delivered in BGR and in grey on demand', async () => {
    const rgb = await pixels(fileOf('png rgb'));
    const bgr = await pixels(fileOf('png rgb'), { channelOrder: 'bgr' });
    assert.deepEqual(
      bgr,
      rgb.map((_, at) => rgb[at + [2, 0, -2][at % 3]!]!),
    );
    const grey = await pixels(fileOf('jpeg grey'), { channels: 1 });
    const colour = await pixels(fileOf('jpeg grey'));
    assert.deepEqual(
      grey,
      colour.filter((_, at) => at % 3 === 0),
    );
  });
});

describe('resizing', () => {
  for (const { height, width, resize, size, file, pixels: expected } of vectors.resized) {
    test(`${width} x ${height} to ${resize}, centre ${size}: within one grey level of torchvision`, async () => {
      const ours = await pixels(decode(file), { resize, size });
      assert.ok(farthest(ours, decode(expected)) <= 1);
    });
  }

  test('JPEG’s scaled decoding is used for random crops only, and differs little', async () => {
    const file = fileOf('jpeg 420');
    const crop = { randomResizedCrop: { scale: [1, 1], ratio: [1, 1] } } as const;
    const whole = async (exactDecode: boolean) => {
      using dataset = await open([file], { size: 6, exactDecode });
      using loader = dataset.loader({ batchSize: 1, augment: crop });
      for await (const batch of loader.epoch(0)) return pixelsOf(batch);
      throw new Error('no batch');
    };
    const [scaled, exact] = [await whole(false), await whole(true)];
    assert.notDeepEqual(scaled, exact);
    // Of the smooth channels, red and green; the blue one is a fine chequered pattern.
    const smooth = scaled.subarray(0, 2 * 36);
    const difference = smooth.reduce((sum, value, at) => sum + Math.abs(value - exact[at]!), 0);
    assert.ok(difference / smooth.length < 12, `${difference / smooth.length}`);
    using dataset = await open([file], { size: 6, resize: 6 });
    const [batch] = await dataset.batches({ batchSize: 1 });
    assert.deepEqual(pixelsOf(batch!), exact);
  });
});

test('JPEG and PNG are refused as other than grey or colour', async () => {
  for (const name of ['jpeg 420', 'jpeg progressive', 'png rgb']) {
    for (const channels of [2, 4]) {
      using dataset = await open([fileOf(name)], { channels, size: 64 });
      await assert.rejects(dataset.batches({ batchSize: 1 }), {
        code: 'INVALID_DATASET',
        message: new RegExp(`'image 0': JPEG and PNG are decoded to 1 or 3 channels, not to ${channels}`),
      });
    }
  }
});

describe('broken images', () => {
  const good = fileOf('jpeg 444');
  const broken: [string, Uint8Array, RegExp][] = [
    ['empty', new Uint8Array(), /the file is empty/],
    ['truncated JPEG', good.subarray(0, good.length >> 1), /truncated/],
    ['truncated PNG', fileOf('png rgb').subarray(0, 200), /truncated/],
    ['GIF', new TextEncoder().encode('GIF89a....'), /it is a GIF, expected JPEG or PNG/],
    ['text', new TextEncoder().encode('no image at all'), /neither JPEG nor PNG/],
  ];
  for (const [name, file, reason] of broken) {
    test(`${name}: the error names the image`, async () => {
      using dataset = await open([good, file], { size: 24 });
      await assert.rejects(dataset.batches({ batchSize: 2 }), (error: { code: string; message: string }) => {
        assert.equal(error.code, 'INVALID_DATASET');
        assert.match(error.message, /'image 1'/);
        assert.match(error.message, reason);
        return true;
      });
    });
  }

  test('skipped ones are missing from their batch and listed', async () => {
    const images = [good, broken[1]![1], good, broken[4]![1], good];
    using dataset = await open(images, { size: 24, broken: 'skip', brokenShare: 0.5 });
    for (const threads of [1, 3]) {
      using loader = dataset.loader({ batchSize: 3, threads });
      const labels: number[][] = [];
      for await (const batch of loader.epoch(0)) labels.push(labelsOf(batch));
      assert.deepEqual(labels, [[0, 2], [4]]);
    }
    assert.deepEqual(
      dataset.broken().map(({ index }) => index),
      [1, 3],
    );
    assert.match(dataset.broken()[0]!.message, /truncated/);
  });

  test('more than their share stops after all', async () => {
    const images = [good, broken[1]![1], good, broken[4]![1]];
    using dataset = await open(images, { size: 24, broken: 'skip', brokenShare: 0.25 });
    await assert.rejects(dataset.batches({ batchSize: 4 }), {
      message: /at most 25 % broken images but found 2 of 4/,
    });
  });

  test('a picture of more pixels than the limit is refused before it is decoded', async () => {
    using dataset = await open([good], { size: 24, pixelLimit: 500 });
    await assert.rejects(dataset.batches({ batchSize: 1 }), {
      message: /24 x 24 pixels, more than the limit of 500/,
    });
  });
});

test('kept in memory or decoded each time: the same batches', async () => {
  const images = ['jpeg 420', 'jpeg orientation 6', 'png rgba', 'jpeg grey'].map(fileOf);
  const read = async (cacheBytes: number) => {
    using dataset = await open(images, { size: 16, cacheBytes, exactDecode: true });
    using loader = dataset.loader({
      batchSize: 2,
      shuffle: true,
      threads: 2,
      augment: { randomResizedCrop: true, flip: true, colorJitter: { brightness: 0.4, saturation: 0.4 } },
    });
    const all: Uint8Array[] = [];
    for (let epoch = 0; epoch < 3; epoch++)
      for await (const batch of loader.epoch(epoch)) all.push(pixelsOf(batch));
    return all;
  };
  assert.deepEqual(await read(1 << 20), await read(0));
});
