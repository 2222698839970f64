/** `singlepath data`: what a user sees of their images. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { pictures, pixelsOfPicture, png, writeFiles } from '../data/pictures.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { withoutAddon } from './native.js';
import { MAIN, singlepath } from './run.js';

describe('singlepath data', { skip: withoutAddon() }, () => {
  const folder = temporaryFolder();
  const photos = join(folder, 'photos');
  writeFiles(photos, {
    ...pictures('train', ['cat', 'dog'], 5, 24),
    ...pictures('val', ['cat', 'dog'], 2, 20, 70),
  });
  writeFiles(photos, { 'train/cat/notes.txt': 'x' });

  test('info: classes, numbers, sizes, mean and standard deviation', async () => {
    const { code, stdout, stderr } = await singlepath(['data', 'info', photos, '--json']);
    assert.equal(code, 0, stderr);
    const { kind, splits } = JSON.parse(stdout);
    assert.equal(kind, 'image-folder');
    const [train, val] = splits;
    assert.deepEqual(train.classes, [
      { name: 'cat', images: 5 },
      { name: 'dog', images: 5 },
    ]);
    assert.deepEqual([train.images, val.images, train.decoded], [10, 4, 10]);
    assert.deepEqual(
      [train.height, val.width],
      [
        [24, 24, 24],
        [20, 20, 20],
      ],
    );
    assert.deepEqual(train.formats, { jpeg: 0, png: 10, raw: 0 });
    assert.deepEqual(train.ignored, { '.txt': 1 });
    // The mean of what the pictures hold, computed here.
    const all = [0, 1].flatMap((label) =>
      Array.from({ length: 5 }, (_, i) => pixelsOfPicture(24, 24, label * 1000 + i)),
    );
    [0, 1, 2].forEach((channel) => {
      const values = all.flatMap((pixels) => [...pixels].filter((_, i) => i % 3 === channel));
      const mean = values.reduce((sum, value) => sum + value / 255, 0) / values.length;
      assert.ok(Math.abs(train.mean[channel] - mean) < 1e-9);
    });
    const text = await singlepath(['data', 'info', photos]);
    assert.match(text.stdout, /image-folder, 2 classes[\s\S]*train +10 [\s\S]*1 +dog +5 +2[\s\S]*1 \.txt/);
  });

  test('verify: lists what is wrong, and the policy decides', async () => {
    const broken = join(folder, 'broken');
    writeFiles(broken, pictures('', ['cat', 'dog'], 5, 24));
    const whole = png(24, 24, pixelsOfPicture(24, 24, 1));
    writeFiles(broken, { 'cat/1.png': whole.subarray(0, 200), 'dog/2.png': '', 'dog/3.png': 'GIF89a' });
    const failed = await singlepath(['data', 'verify', broken]);
    assert.equal(failed.code, 1, failed.stderr);
    for (const name of ['cat/1.png', 'dog/2.png', 'dog/3.png']) assert.ok(failed.stdout.includes(name), name);
    assert.match(failed.stdout, /10 images, 3 broken/);
    const skip = ['data', 'verify', broken, '--policy', 'skip', '--json'];
    assert.equal((await singlepath(skip)).code, 1);
    const { code, stdout } = await singlepath([...skip, '--max-broken', '0.3']);
    assert.equal(code, 0);
    assert.equal(JSON.parse(stdout).broken.length, 3);
    const packed = join(folder, 'broken.spk');
    assert.match((await singlepath(['data', 'pack', broken, packed])).stderr, /cat\/1\.png|dog\/2\.png/);
    assert.ok(!existsSync(packed));
    const left = ['data', 'pack', broken, packed, '--policy', 'skip', '--max-broken', '0.3', '--json'];
    // The header of cat/1.png is whole: keeping the bytes of files does not decode them.
    assert.equal(JSON.parse((await singlepath(left)).stdout).leftOut.length, 2);
  });

  test('pack: interrupted and resumed, it is the same file', async () => {
    const many = join(folder, 'many');
    writeFiles(many, pictures('', ['cat', 'dog'], 50, 96));
    const [once, twice] = [join(folder, 'once.spk'), join(folder, 'twice.spk')];
    const pack = (file: string, ...more: string[]) => ['data', 'pack', many, file, '--resize', '64', ...more];
    assert.equal((await singlepath(pack(once, '--threads', '1'))).code, 0);
    // Killed at any moment: what the journal has must be enough.
    const child = spawn(process.execPath, [MAIN, ...pack(twice, '--threads', '2')], { stdio: 'ignore' });
    const ended = new Promise((resolve) => child.on('close', resolve));
    while (child.exitCode === null && !existsSync(`${twice}.partial`)) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    child.kill('SIGKILL');
    await ended;
    const { code, stderr } = await singlepath(
      pack(twice, '--resume', ...(existsSync(twice) ? ['--overwrite'] : [])),
    );
    assert.equal(code, 0, stderr);
    assert.deepEqual(readFileSync(twice), readFileSync(once));
    assert.ok(!existsSync(`${twice}.partial`) && !existsSync(`${twice}.partial.journal`));
    const again = await singlepath(pack(twice));
    assert.equal(again.code, 2);
    assert.match(again.stderr, /is there\nhint: --overwrite/);
    const { splits } = JSON.parse((await singlepath(['data', 'info', once, '--json'])).stdout);
    assert.deepEqual([splits[0].images, splits[0].height, splits[0].formats.jpeg], [100, [64, 64, 64], 100]);
  });

  test('--test-path is for image files', async () => {
    for (const command of ['info', 'verify']) {
      const args = ['data', command, folder, '--kind', 'mnist', '--test-path', photos];
      const { code, stderr } = await singlepath(args);
      assert.equal(code, 2, stderr);
      assert.match(
        stderr,
        /Expected a kind of image files for --test-path but received 'mnist'\nhint: leave/,
      );
    }
  });

  test('a wrong path and a wrong kind', async () => {
    const nowhere = await singlepath(['data', 'info', join(folder, 'nowhere')]);
    assert.equal(nowhere.code, 1);
    assert.match(nowhere.stderr, /Expected a data set at '.*nowhere' but there is none/);
    const wrong = await singlepath(['data', 'info', photos, '--kind', 'image-foldr']);
    assert.match(wrong.stderr, /did you mean 'image-folder'/);
    writeFileSync(join(folder, 'x.bin'), 'x');
    assert.match(
      (await singlepath(['data', 'info', join(folder, 'x.bin')])).stderr,
      /unknown kind\n.*\.spk/s,
    );
  });
});
