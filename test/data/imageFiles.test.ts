/** Images on disk: every layout gives the same images, classes and order; what is wrong is named. */
import assert from 'node:assert/strict';
import {
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { SinglePathError } from '../../src/core/errors.js';
import type { Dataset } from '../../src/data/dataset.js';
import { type DatasetConfig, datasets } from '../../src/data/kinds/index.js';
import { openDataset } from '../../src/data/open.js';
import { type PackDatasetOptions, packDataset } from '../../src/data/pack.js';
import { temporaryFolder as folderOfFile } from '../temporaryFolder.js';
import { bytes, labelsOf, pixelsOf, temporaryFolder } from './files.js';
import {
  type Files,
  pictures,
  pixelsOfPicture,
  png,
  samplesOf,
  tarHeader,
  tarOf,
  withChecksum,
  writeFiles,
} from './pictures.js';

const CLASSES = ['class2', 'class10', 'dog']; // in natural order
const TRAIN = pictures('train', CLASSES, 4);
const TEST = pictures('val', CLASSES, 2, 16, 500);
const common = { normalize: bytes(3), size: 16 } as const;

/** Pixels and labels of a whole data set. */
async function contentOf(dataset: Dataset) {
  const [batch] = await dataset.batches({ batchSize: dataset.size });
  const content = { pixels: pixelsOf(batch!), labels: labelsOf(batch!) };
  batch!.dispose();
  return content;
}

async function open(config: DatasetConfig, split: 'train' | 'test' = 'train') {
  using dataset = await openDataset(config, { split });
  return { size: dataset.size, classNames: [...dataset.classNames], ...(await contentOf(dataset)) };
}

/** What the pictures hold, in [N, C, H, W]: made here, not read. */
function expectedPixels(perClass: number, seed: number): number[] {
  return CLASSES.flatMap((_, label) =>
    Array.from({ length: perClass }, (_, i) => {
      const pixels = pixelsOfPicture(16, 16, seed + label * 1000 + i);
      return [0, 1, 2].flatMap((channel) =>
        Array.from({ length: 256 }, (_, at) => pixels[at * 3 + channel]!),
      );
    }).flat(),
  );
}

const fails = (
  config: DatasetConfig,
  pattern: RegExp,
  split: 'train' | 'test' = 'train',
  code = 'INVALID_DATASET',
) =>
  assert.rejects(openDataset(config, { split }), (error: SinglePathError) => {
    assert.equal(error.code, code, error.message);
    assert.match(`${error.message}\n${error.hint ?? ''}`, pattern);
    return true;
  });

describe('one set of images, every layout', () => {
  const folder = { path: folderOfFile() };
  const photos = join(folder.path, 'photos');
  writeFiles(photos, { ...TRAIN, ...TEST });
  writeFileSync(join(folder.path, 'photos.tar'), tarOf(inFolder('photos', { ...TRAIN, ...TEST })));
  const shards = join(folder.path, 'shards');
  mkdirSync(shards);
  const samples = Object.entries(samplesOf(TRAIN, CLASSES));
  writeFileSync(join(shards, 'train-000.tar'), tarOf(Object.fromEntries(samples.slice(0, 14))));
  writeFileSync(join(shards, 'train-001.tar'), tarOf(Object.fromEntries(samples.slice(14))));
  writeFileSync(join(shards, 'val-000.tar'), tarOf(samplesOf(TEST, CLASSES)));
  writeFileSync(join(shards, 'classes.txt'), `${CLASSES.join('\n')}\n`);
  const rows = (files: Files) => Object.keys(files).map((path) => `"${path}",${path.split('/')[1]}`);
  writeFiles(photos, {
    'train.csv': `path,label\n${rows(TRAIN).join('\n')}\n`,
    'val.csv': `path,label\r\n${rows(TEST).join('\r\n')}\r\n`,
    'all.tsv': [
      'label\tsplit\tfile',
      ...Object.keys({ ...TRAIN, ...TEST }).map(
        (path) => `${path.split('/')[1]}\t${path.split('/')[0]}\t${path}`,
      ),
    ].join('\n'),
  });

  const layouts: [string, () => Promise<DatasetConfig> | DatasetConfig][] = [
    ['image folder', () => ({ kind: 'image-folder', path: photos, ...common })],
    ['tar archive', () => ({ kind: 'tar', path: join(folder.path, 'photos.tar'), ...common })],
    ['shards in a folder', () => ({ kind: 'webdataset', path: shards, ...common })],
    [
      'shards as a brace range',
      () => ({
        kind: 'webdataset',
        path: join(shards, 'train-{000..001}.tar'),
        testPath: join(shards, 'val-000.tar'),
        ...common,
      }),
    ],
    [
      'two tables',
      () => ({ kind: 'csv', path: join(photos, 'train.csv'), testPath: join(photos, 'val.csv'), ...common }),
    ],
    ['a table with splits', () => ({ kind: 'csv', path: join(photos, 'all.tsv'), ...common })],
    ['packed file', () => packedOf('photos.spk', {})],
    ['packed file of pixels', () => packedOf('raw.spk', { raw: true })],
  ];
  for (const [name, make] of layouts) {
    test(name, async () => {
      const config = await make();
      const [train, held] = [await open(config), await open(config, 'test')];
      assert.deepEqual(train.classNames, CLASSES);
      assert.deepEqual(train.labels, [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]);
      assert.deepEqual([...train.pixels], expectedPixels(4, 0));
      assert.deepEqual(held.labels, [0, 0, 1, 1, 2, 2]);
      assert.deepEqual([...held.pixels], expectedPixels(2, 500));
    });
  }

  test('the fingerprint of each layout is the same wherever it lies, and another one for other images', async () => {
    const moved = join(folderOfFile(), 'moved');
    cpSync(folder.path, moved, { recursive: true });
    const fingerprint = async (config: DatasetConfig) => {
      using dataset = await openDataset(config, { split: 'train' });
      return dataset.fingerprint();
    };
    for (const [name, make] of layouts) {
      if (name.startsWith('packed')) continue; // the names in a packed file do not depend on where it lies
      const config = await make();
      const there = JSON.parse(JSON.stringify(config).replaceAll(folder.path, moved)) as DatasetConfig;
      assert.equal(await fingerprint(there), await fingerprint(config));
    }
    const before = await fingerprint({ kind: 'image-folder', path: photos, ...common });
    const other = join(moved, 'photos');
    renameSync(join(other, Object.keys(TRAIN)[0]!), join(other, `${Object.keys(TRAIN)[1]!}.again.png`));
    assert.notEqual(await fingerprint({ kind: 'image-folder', path: other, ...common }), before);
  });

  async function packedOf(name: string, options: { raw?: boolean }): Promise<DatasetConfig> {
    const path = join(folder.path, name);
    await packDataset({ kind: 'image-folder', path: photos }, path, options);
    return { kind: 'packed', path, ...common };
  }
});

/** The same files under one more folder. */
function inFolder(name: string, files: Files): Files {
  return Object.fromEntries(Object.entries(files).map(([path, content]) => [`${name}/${path}`, content]));
}

describe('image folders', () => {
  test('class folders alone are one set, of which a share is set aside for tests', async () => {
    using folder = temporaryFolder();
    writeFiles(folder.path, pictures('', ['a', 'b'], 10));
    const config = { kind: 'image-folder', path: folder.path, ...common } as const;
    assert.equal((await open(config)).size, 20);
    await fails(config, /test\/ or val\/.*data\.testFraction/s, 'test');
    const shared = { ...config, testFraction: 0.2 };
    const [train, held] = [await open(shared), await open(shared, 'test')];
    assert.deepEqual([train.size, held.size], [16, 4]);
    assert.deepEqual(held.labels, [0, 0, 1, 1]);
    const image = 16 * 16 * 3;
    const all = new Set(cut(train.pixels, image).concat(cut(held.pixels, image)));
    assert.equal(all.size, 20, 'no image in both');
    for (const testFraction of [0.02, 0.98]) {
      for (const split of ['train', 'test'] as const)
        await fails(
          { ...config, testFraction },
          /data\.testFraction = 0\.\d+ makes test images of (0|20) of 20/,
          split,
        );
    }
  });

  test('a set of which a share is set aside for tests is normalized by the images left to train on', async () => {
    using folder = temporaryFolder();
    writeFiles(folder.path, pictures('', ['a', 'b'], 10));
    const config = { kind: 'image-folder', path: folder.path, size: 16, testFraction: 0.3 } as const;
    const { pixels } = await open({ ...config, normalize: bytes(3) });
    const own = [0, 1, 2].map((channel) => {
      const values = [...pixels].filter((_, at) => Math.floor(at / 256) % 3 === channel);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
      return { mean: mean / 255, std: Math.sqrt(squares / values.length) / 255 };
    });
    for (const split of ['train', 'test'] as const) {
      using dataset = await openDataset(config, { split });
      const { mean, std } = dataset.normalization;
      own.forEach((wanted, channel) => {
        assert.ok(Math.abs(mean[channel]! - wanted.mean) < 1e-9, `${split}: mean ${channel}`);
        assert.ok(Math.abs(std[channel]! - wanted.std) < 1e-9, `${split}: std ${channel}`);
      });
      using bgr = await openDataset({ ...config, channelOrder: 'bgr' }, { split });
      assert.deepEqual(bgr.normalization.mean, mean.toReversed());
      using given = await openDataset({ ...config, normalize: 'half' }, { split });
      assert.deepEqual(given.normalization.mean, [0.5, 0.5, 0.5]);
    }
  });

  test('deeper folders, capital letters, hidden files and other files', async () => {
    using folder = temporaryFolder();
    const picture = png(8, 8, pixelsOfPicture(8, 8, 1));
    writeFiles(folder.path, {
      'train/a/deep/er/1.PNG': picture,
      'train/a/2.JPEG': picture, // looked at, not believed
      'train/a/.hidden.png': picture,
      'train/a/notes.txt': 'no image',
      'train/b/1.png': picture,
      'train/loose.png': picture, // of no class
      '__MACOSX/x/1.png': picture,
      '.git/x/1.png': picture,
    });
    using dataset = await openDataset(
      { kind: 'image-folder', path: folder.path, size: 8 },
      { split: 'train' },
    );
    assert.deepEqual([...dataset.labels()], [0, 0, 1]);
    assert.deepEqual(dataset.notes().ignored, { '.png': 1, '.txt': 1 });
    assert.deepEqual(dataset.classNames, ['a', 'b']);
  });

  test('symbolic links are followed, loops are refused', async () => {
    using folder = temporaryFolder();
    writeFiles(folder.path, pictures('elsewhere', ['a', 'b'], 2));
    mkdirSync(join(folder.path, 'photos'));
    for (const name of ['a', 'b']) {
      symlinkSync(join(folder.path, 'elsewhere', name), join(folder.path, 'photos', name));
    }
    const config = { kind: 'image-folder', path: join(folder.path, 'photos'), ...common } as const;
    assert.equal((await open(config)).size, 4);
    symlinkSync('..', join(folder.path, 'elsewhere', 'a', 'up'));
    symlinkSync('.', join(folder.path, 'elsewhere', 'a', 'same'));
    await fails(config, /without loops but '.*same' leads back/);
  });

  test("Tiny-ImageNet's layout: images/ below the classes, annotations beside the test images", async () => {
    using folder = temporaryFolder();
    const picture = (seed: number) => png(8, 8, pixelsOfPicture(8, 8, seed));
    writeFiles(folder.path, {
      'train/n01/images/n01_0.JPEG': picture(1),
      'train/n02/images/n02_0.JPEG': picture(2),
      'val/images/val_0.JPEG': picture(3),
      'val/images/val_1.JPEG': picture(4),
      'val/val_annotations.txt': 'val_0.JPEG\tn02\t0\t0\t7\t7\nval_1.JPEG\tn01\t0\t0\t7\t7\n',
    });
    const config = { kind: 'tiny-imagenet', path: folder.path, size: 8 } as const;
    assert.deepEqual((await open(config)).labels, [0, 1]);
    assert.deepEqual((await open(config, 'test')).labels, [1, 0]);
    writeFiles(folder.path, { 'val/val_annotations.txt': 'val_0.JPEG\tn02\nval_1.JPEG\tn03\n' });
    await fails(config, /line 2 of .*val_annotations\.txt' but received 'n03'/, 'test');
  });
});

describe('bad input', () => {
  test('folders', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'photos');
    const config = { kind: 'image-folder', path, ...common } as const;
    await fails(config, /at '.*photos' but there is none/);
    mkdirSync(path);
    await fails(config, /folder of images for each class in '.*photos' but found none/);
    writeFiles(path, { '1.png': png(8, 8, pixelsOfPicture(8, 8, 1)) });
    await fails(config, /found images without class folders/);
    writeFiles(path, pictures('', ['cat'], 2));
    await fails(config, /at least two classes in '.*photos' but found only 'cat'/);
    mkdirSync(join(path, 'dog'));
    writeFileSync(join(path, 'dog', '1.webp'), 'x');
    await fails(config, /in each class folder of '.*photos' but found none in 'dog'/);
    await fails({ ...config, path: join(path, '1.png') }, /but it is a file.*data\.kind=tar/s);
    await fails({ ...config, path: '' }, /path of 'image-folder'/, 'train', 'INVALID_ARGUMENT');
    await fails(config, /'train' or 'test'/, 'validation' as 'test', 'INVALID_ARGUMENT');
  });

  test('a level too high is guessed', async () => {
    using folder = temporaryFolder();
    writeFiles(folder.path, pictures('photos', ['a', 'b'], 1));
    await fails({ kind: 'image-folder', path: folder.path }, /only 'photos'\n.*did you mean '.*photos'/s);
  });

  test('images beside the folder of one class are named: they have none', async () => {
    using folder = temporaryFolder();
    writeFiles(folder.path, { ...pictures('', ['cat'], 1), '1.png': png(8, 8, pixelsOfPicture(8, 8, 1)) });
    const hint = /only 'cat'\n.*1 image lies beside 'cat' in no class folder/s;
    await fails({ kind: 'image-folder', path: folder.path }, hint);
    const archive = join(folder.path, 'photos.tar');
    const members = { 'cat/1.png': png(8, 8, pixelsOfPicture(8, 8, 1)), '1.png': Buffer.from('x') };
    writeFileSync(archive, tarOf(members));
    await fails({ kind: 'tar', path: archive }, hint);
  });

  test('classes that the training images lack', async () => {
    using folder = temporaryFolder();
    writeFiles(folder.path, { ...pictures('train', ['a', 'b'], 1), ...pictures('val', ['a', 'bird'], 1) });
    await fails(
      { kind: 'image-folder', path: folder.path },
      /only classes of the training images.*'bird'/,
      'test',
    );
  });

  test('archives', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'photos.tar');
    const config = { kind: 'tar', path, ...common } as const;
    const whole = tarOf({ ...TRAIN, ...TEST });
    writeFileSync(path, whole.subarray(0, 700));
    await fails(config, /but only \d+ are left.*truncated/s);
    writeFileSync(path, '');
    await fails(config, /but it is empty/);
    writeFileSync(path, 'x'.repeat(2000));
    await fails(config, /byte 0 of tar archive/);
    writeFileSync(path, Buffer.concat([Buffer.from([0x1f, 0x8b]), Buffer.alloc(1000)]));
    await fails(config, /unpack it with gunzip/);
    const huge = tarHeader('train/class2/1.png', 0);
    huge.set([0x80, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 124);
    writeFileSync(path, Buffer.concat([withChecksum(huge), Buffer.alloc(2048)]));
    await fails(config, /Expected \d+ bytes of 'train\/class2\/1\.png'/);
    writeFileSync(path, tarOf({ '../../etc/cron.d/evil.png': 'x', ...TRAIN, ...TEST }));
    await fails(
      config,
      /1 of 13 cannot; '.*photos\.tar!\.\.\/\.\.\/etc\/cron\.d\/evil\.png': .*out of the archive/,
    );
    assert.equal((await open({ ...config, broken: 'skip', brokenShare: 0.1 })).size, 12);
  });

  test('shards', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'a-{00..03}.tar');
    const config = { kind: 'webdataset', path, ...common } as const;
    await fails(config, /a-00\.tar' but 4 of 4 are missing/);
    const one = join(folder.path, 'one.tar');
    writeFileSync(one, tarOf({ '0.png': 'x', '0.cls': '0', '1.png': 'x' }));
    await fails(
      { ...config, path: one },
      /one\.tar!1\.png': there is no \.cls or \.json|at least two classes/,
    );
    writeFileSync(one, tarOf({ '0.png': 'x', '0.cls': '-1', '1.png': 'x', '1.json': '[1]' }));
    await fails({ ...config, path: one }, /0\.cls' has no class/);
    writeFileSync(one, tarOf({ '0.png': 'x', '0.cls': '0', '1.png': 'x', '1.cls': '5' }));
    writeFileSync(join(folder.path, 'classes.txt'), 'a\nb\n');
    await fails(
      { ...config, path: one },
      /2 classes of the training images for '.*one\.tar!1\.png' but received 5/,
    );
  });

  test('tables', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'labels.csv');
    const config = { kind: 'csv', path, ...common } as const;
    const table = (text: string) => writeFileSync(path, text);
    await fails(config, /labels\.csv' but there is none/);
    table('');
    await fails(config, /lines of path,label/);
    table('path,label\na.png,cat\nb.png\n');
    await fails(config, /a path and a label in line 3 of '.*labels\.csv' but received 1 column/);
    table('path,label\n"a.png,cat\n');
    await fails(config, /closing quotation mark in line 2/);
    table('path,label,split\na.png,cat,train\nb.png,dog,later\n');
    await fails(config, /a split \(train, val or test\) in line 3.*'later'/);
    table('path,label,split\na.png,0,train\nb.png,1,train\nc.png,2,test\n');
    await fails(config, /2 classes of the training images in line 4.*'2'/, 'test');
    table('a.png,cat\nb.png,cat\n');
    await fails(config, /at least two classes/);
  });

  test('packed files: every damage is found, nothing else is', async () => {
    using folder = temporaryFolder();
    writeFiles(folder.path, pictures('photos', ['a', 'b'], 2));
    const path = join(folder.path, 'photos.spk');
    await packDataset({ kind: 'image-folder', path: join(folder.path, 'photos') }, path);
    const config = { kind: 'packed', path, ...common } as const;
    const whole = readFileSync(path);
    for (let at = 0; at < whole.length; at += 37) {
      const damaged = Buffer.from(whole);
      damaged[at]! ^= 0x10;
      writeFileSync(path, damaged);
      await assert.rejects(open(config), { code: 'INVALID_DATASET' }, `byte ${at} of ${whole.length}`);
    }
    writeFileSync(path, whole.subarray(0, whole.length - 1));
    await fails(config, /all its bytes/);
    writeFileSync(path, whole);
    assert.equal((await open(config)).size, 4);
  });
});

describe('files that change while they are used', () => {
  const config = (kind: 'tar' | 'packed' | 'image-folder', path: string) =>
    ({ kind, path, ...common }) as DatasetConfig;

  test('an archive that is rewritten, a packed file that is cut short', async () => {
    using folder = temporaryFolder();
    const [tar, spk] = [join(folder.path, 'photos.tar'), join(folder.path, 'photos.spk')];
    writeFileSync(tar, tarOf({ ...TRAIN, ...TEST }));
    await packDataset(config('tar', tar), spk);
    using archive = await openDataset(config('tar', tar), { split: 'train' });
    using packed = await openDataset(config('packed', spk), { split: 'train' });
    writeFileSync(tar, tarOf({ ...TEST, ...TRAIN }));
    truncateSync(spk, 200);
    for (const dataset of [archive, packed]) {
      await assert.rejects(
        dataset.batches({ batchSize: 4 }),
        /as it was when it was opened but it has changed/,
      );
    }
  });

  test('an image that is repaired between packing and resuming', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'photos.spk');
    const whole = png(16, 16, pixelsOfPicture(16, 16, 1));
    const labels = Array.from({ length: 40 }, (_, index) => index % 2);
    const pack = (broken: number[], options: PackDatasetOptions) => {
      const images = labels.map((_, index) => (broken.includes(index) ? Buffer.from('GIF89a') : whole));
      return packDataset({ kind: 'encoded', train: { images, labels } }, path, { threads: 1, ...options });
    };
    // The second broken image, in the second run of images, is one too many: the first run is in the journal.
    await assert.rejects(pack([3, 39], { broken: 'skip' }), /at most 1\S* % broken images but found 2 of 40/);
    const reason = /'image 3' could not be read by the earlier call and can be now: pack without --resume/;
    await assert.rejects(pack([], { resume: true }), { code: 'INVALID_DATASET', message: reason });
    const report = await pack([], { resume: true, broken: 'skip' });
    assert.deepEqual([report.resumed > 3, report.images, report.leftOut.length], [true, 39, 1]);
    assert.match(report.leftOut[0]!.reason, reason);
    assert.equal((await pack([], { overwrite: true })).images, 40);
  });

  test('a file that is gone: an error, or left out, with its path', async () => {
    using folder = temporaryFolder();
    writeFiles(folder.path, { ...TRAIN, ...TEST });
    const gone = join(folder.path, 'train', 'class10', '2.png');
    const skip = { broken: 'skip', brokenShare: 0.1 } as const;
    using strict = await openDataset(config('image-folder', folder.path), { split: 'train' });
    using lenient = await openDataset(
      { ...config('image-folder', folder.path), ...skip },
      { split: 'train' },
    );
    renameSync(gone, `${gone}.away`);
    await assert.rejects(strict.batches({ batchSize: 4 }), /class10\/2\.png' but there is none/);
    const batches = await lenient.batches({ batchSize: 12 });
    assert.equal(
      batches.reduce((sum, batch) => sum + batch.size, 0),
      11,
    );
    for (const batch of batches) batch.dispose();
    rmSync(join(folder.path, 'train', 'dog'), { recursive: true });
    await assert.rejects(lenient.batches({ batchSize: 4 }), /at most 10\S* % broken images/);
  });
});

function cut(pixels: Uint8Array, size: number): string[] {
  return Array.from({ length: pixels.length / size }, (_, i) =>
    pixels.subarray(i * size, (i + 1) * size).join(),
  );
}

test('a folder without a path says where it was looked for', () => {
  assert.throws(
    () => datasets['image-folder'].fromConfig({ path: null, testPath: null, testFraction: 0 } as never),
    {
      code: 'INVALID_CONFIG',
      message: /data\.path.*'train', 'data\/train', 'images\/train' in the working folder but found none/,
      hint: /data\.path=photos/,
    },
  );
  assert.throws(() => datasets.tar.fromConfig({ path: null } as never), {
    message: /data\.path, the place of 'tar'/,
  });
});

test('images in memory are packed with and without test images', async () => {
  using folder = temporaryFolder();
  const images = {
    pixels: new Uint8Array(2 * 4 * 4 * 3).fill(9),
    shape: [2, 3, 4, 4] as const,
    labels: [0, 1],
  };
  for (const test of [undefined, { ...images, labels: [1, 1] }]) {
    const path = join(folder.path, `${test === undefined}.spk`);
    await packDataset({ kind: 'arrays', train: images, ...(test && { test }) } as DatasetConfig, path, {
      raw: true,
    });
    const opened = (split: 'train' | 'test') =>
      openDataset({ kind: 'packed', path, normalize: bytes(3) }, { split });
    using train = await opened('train');
    assert.deepEqual([...train.labels()], [0, 1]);
    if (test === undefined) continue;
    using packed = await opened('test');
    assert.deepEqual([...packed.labels()], [1, 1]);
  }
});
