import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load.js';
import { packageRoot } from '../../src/core/packageRoot.js';
import { pictures, writeFiles } from '../data/pictures.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { assertJson } from './jsonSchema.js';
import { withoutAddon } from './native.js';
import { singlepath } from './run.js';
import { writeTiny } from './tiny.js';

const skip = withoutAddon();

async function json(cwd: string, ...args: string[]) {
  const { code, stdout, stderr } = await singlepath([...args, '--json'], { cwd });
  assert.equal(code, 0, `${args}: ${stderr}`);
  const document = JSON.parse(stdout);
  assertJson(args[0]!, document);
  return document;
}

/** A folder with a tiny configuration and the supernet of it, in `supernet`. */
async function withSupernet(): Promise<{ root: string; config: string }> {
  const root = temporaryFolder();
  const { config } = writeTiny(root);
  await json(root, 'train', '-c', config, '-d', 'supernet');
  return { root, config };
}

test('a run needs neither the folder it was started in nor the file of its space', { skip }, async () => {
  const root = temporaryFolder();
  const { space, config } = writeTiny(join(root, 'mine'));
  const images = join(root, 'mine', 'images');
  cpSync(join(packageRoot(), 'data', 'fashion-mnist-mini'), images, { recursive: true });
  // Started in mine/ with relative paths everywhere.
  const mine = join(root, 'mine');
  const relative = ['-c', 'tiny.yaml', '--set', 'data.path=images', '-d', 'runs/supernet'];
  await json(mine, 'train', ...relative, '--set', 'train.steps=4');
  const stored = parse(readFileSync(join(mine, 'runs', 'supernet', 'config.yaml'), 'utf8'));
  assert.equal(stored.data.path, images);
  assert.equal(
    readFileSync(join(mine, 'runs', 'supernet', stored.space.file), 'utf8'),
    readFileSync(space, 'utf8'),
  );

  // From here on in another folder; the space's file is gone, and the runs have moved.
  const other = join(root, 'other');
  mkdirSync(other);
  for (const file of [space, config]) rmSync(file);
  renameSync(join(mine, 'runs'), join(other, 'runs'));
  const trained = await json(other, 'train', '-d', 'runs/supernet', '--resume');
  assert.equal(trained.steps, 4);
  const found = await json(other, 'search', '--supernet', 'runs/supernet', '-d', 'runs/search');
  const again = await json(root, 'search', '-d', 'other/runs/search', '--resume');
  assert.deepEqual(again.winner, found.winner);
  const network = await json(other, 'retrain', '--search', 'runs/search', '-d', 'runs/network');
  const scored = await json(root, 'evaluate', 'other/runs/network');
  assert.equal(scored.accuracy, network.last.accuracy);
  const path = found.winner.architecture.join();
  await json(root, 'evaluate', 'other/runs/supernet', '--arch', path);
  const exported = await json(root, 'export', 'other/runs/network', '--out', 'exported');
  assert.equal((await json(other, 'evaluate', join(root, exported.files.script))).accuracy, scored.accuracy);

  // The stored configuration is one to start from, too.
  const copy = loadConfig({ files: [join(other, 'runs', 'network', 'config.yaml')] });
  assert.equal(copy.space.file, join(other, 'runs', 'network', 'space.yaml'));

  renameSync(join(other, 'runs', 'supernet'), join(other, 'runs', 'moved'));
  const lost = await singlepath(['search', '-d', 'runs/search', '--resume'], { cwd: other });
  assert.equal(lost.code, 2);
  assert.match(lost.stderr, /Expected --supernet FOLDER: it was '.*runs\/supernet', which is gone/);
  const named = await json(other, 'search', '-d', 'runs/search', '--resume', '--supernet', 'runs/moved');
  assert.deepEqual(named.winner, found.winner);
});

test('images that are found in the working folder are those of the run from every other one', {
  skip,
}, async () => {
  const root = temporaryFolder();
  const [mine, other] = [join(root, 'mine'), join(root, 'other')];
  const classes = ['a', 'b'];
  writeFiles(mine, { ...pictures('train', classes, 8), ...pictures('val', classes, 4) });
  writeFiles(other, { ...pictures('train', classes, 8, 16, 9), ...pictures('val', classes, 3, 16, 9) });
  const { config } = writeTiny(root);
  const own = ['space.channels=3', 'space.classes=2', 'space.size=16', 'data.kind=image-folder'];
  const set = [...own, 'data.heldOut=0', 'data.trainImages=null'].flatMap((one) => ['--set', one]);
  const arch = ['--arch', '0,0'];
  const { last } = await json(mine, 'retrain', '-c', config, ...arch, ...set, '-d', join(root, 'network'));
  const scored = await json(other, 'evaluate', join(root, 'network'));
  assert.deepEqual([scored.images, scored.loss], [8, last.loss]);
  const { files } = await json(other, 'export', join(root, 'network'));
  assert.equal((await json(other, 'evaluate', files.script)).images, 8);
});

test('the images may move: a run knows them by what they are, not by where they lie', { skip }, async () => {
  const root = temporaryFolder();
  const { config } = writeTiny(root);
  const [first, second, other] = ['first', 'second', 'other'].map((name) => join(root, name));
  cpSync(join(packageRoot(), 'data', 'fashion-mnist-mini'), first!, { recursive: true });
  await json(root, 'train', '-c', config, '--set', `data.path=${first}`, '-d', 'supernet');
  await json(root, 'search', '--supernet', 'supernet', '-d', 'search');
  const network = await json(root, 'retrain', '--search', 'search', '-d', 'network');

  renameSync(first!, second!);
  const lost = await singlepath(['train', '-d', 'supernet', '--resume'], { cwd: root });
  assert.match(
    lost.stderr,
    /Expected a data file at '.*first.*hint: where it has moved, say so: --set data.path=/s,
  );
  const moved = ['--set', `data.path=${second}`];
  await json(root, 'train', '-d', 'supernet', '--resume', ...moved);
  // It is said once: the run has noted it.
  await json(root, 'train', '-d', 'supernet', '--resume');
  const again = await json(root, 'search', '-d', 'search', '--resume', ...moved);
  assert.equal(again.winner.architecture.length, 2);
  const same = await json(root, 'retrain', '--search', 'search', '-d', 'network', '--resume', ...moved);
  assert.deepEqual(same, network);

  // Others in the same place are refused, even where there are as many.
  cpSync(second!, other!, { recursive: true });
  const file = readdirSync(other!).find((name) => /^train-labels/.test(name))!;
  const bytes = gunzipSync(readFileSync(join(other!, file)));
  bytes[8] = (bytes[8]! + 1) % 10;
  writeFileSync(join(other!, file), gzipSync(bytes));
  const wrong = ['--set', `data.path=${other}`];
  const refused = await singlepath(['train', '-d', 'supernet', '--resume', ...wrong], { cwd: root });
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /images\.fingerprint: "[0-9a-f]{16}" there, "[0-9a-f]{16}" here/);
});

test('a finished run goes on: a search with more generations, a training from its weights', {
  skip,
}, async () => {
  const { root, config } = await withSupernet();

  const longer = await singlepath(['train', '-d', 'supernet', '--resume', '--set', 'train.steps=8'], {
    cwd: root,
  });
  assert.equal(longer.code, 2);
  assert.match(longer.stderr, /recipe\.steps: 4 there, 8 here/);
  assert.match(
    longer.stderr,
    /hint: to train on, start a new run from its weights, .*: --from 'supernet' and another/,
  );

  const from = ['train', '--from', 'supernet', '--set', 'train.steps=8', '-d', 'longer'];
  const warm = await singlepath([...from, '--json'], { cwd: root });
  assert.equal(warm.code, 0, warm.stderr);
  const rate = (0.5 * 16) / 1024;
  const said = `begins with the weights of 'supernet'; the optimizer begins anew, and so does the learning rate: linear from ${rate} to 0 over 8 steps`;
  assert.ok(warm.stderr.includes(said), warm.stderr);
  const result = JSON.parse(warm.stdout);
  assert.equal(result.steps, 8);

  // Resumed before its first checkpoint it takes the same weights, and ends with the identical ones.
  const stopped = join(root, 'stopped');
  cpSync(join(root, 'longer'), stopped, { recursive: true });
  rmSync(join(stopped, 'checkpoints'), { recursive: true });
  assert.equal((await json(root, 'train', '-d', 'stopped', '--resume')).weights, result.weights);
  // Other weights to begin with are another run.
  const cold = await json(root, 'train', '-c', config, '--set', 'train.steps=8', '-d', 'cold');
  assert.notEqual(cold.weights, result.weights);

  const short = await json(root, 'search', '--supernet', 'supernet', '-d', 'short');
  assert.equal(short.evaluated, 4);
  const more = ['--set', 'search.generations=0'];
  await json(root, 'search', '--supernet', 'supernet', '-d', 'grown', ...more);
  const grown = await json(root, 'search', '-d', 'grown', '--resume', '--set', 'search.generations=1');
  assert.deepEqual({ ...grown, runDir: '' }, { ...short, runDir: '' });

  await json(root, 'retrain', '--search', 'short', '-d', 'network');
  const on = await json(root, 'retrain', '--from', 'network', '--set', 'retrain.steps=2', '-d', 'network-2');
  assert.deepEqual(on.architecture, short.winner.architecture);
});

test('what goes on in the default folder has the settings it was started with, as in a folder that is named', {
  skip,
}, async () => {
  const { root } = await withSupernet();
  const search = (...args: string[]) => json(root, 'search', '--supernet', 'supernet', ...args);
  const trial = ['--set', 'search.trial.epochs=1', '--set', 'search.trial.batchSize=16'];
  const started = await search('--finalists', '2', '--set', 'search.generations=0', ...trial);
  assert.equal(started.finalists.length, 2);
  assert.equal(started.runDir, join('runs', 'tiny', 'search'), 'by the name of the space, not of its copy');
  assert.deepEqual(await search('--resume'), started);
  await json(root, 'retrain', '--search', started.runDir, '--set', 'retrain.steps=2');
  assert.equal((await json(root, 'retrain', '--search', started.runDir, '--resume')).steps, 2);
});

test('weights of a training that is not finished are used with a warning', { skip }, async () => {
  const { root } = await withSupernet();
  cpSync(join(root, 'supernet'), join(root, 'stopped'), { recursive: true });
  rmSync(join(root, 'stopped', 'result.json'));
  const arch = ['--arch', '0,0'];
  for (const args of [
    ['evaluate', 'stopped', ...arch],
    ['export', 'stopped', '--out', 'exported', ...arch],
    ['search', '--supernet', 'stopped', '-d', 'search'],
  ]) {
    const { code, stderr } = await singlepath(args, { cwd: root });
    assert.equal(code, 0, stderr);
    assert.match(
      stderr,
      /the training in 'stopped' is not finished: these are the weights of its last checkpoint/,
    );
  }
  const { stderr } = await singlepath(['evaluate', 'supernet', ...arch], { cwd: root });
  assert.doesNotMatch(stderr, /not finished/);
});

test('a demo goes on with the settings it was started with', { skip }, async () => {
  const root = temporaryFolder();
  const few = {
    train: ['steps=2', 'batchSize=16'],
    data: ['trainImages=200', 'heldOut=50', 'testImages=50'],
    evaluate: ['calibrationImages=20'],
    search: ['population=3', 'topK=2', 'mutations=1', 'crossovers=1', 'generations=0', 'finalists=0'],
    retrain: ['steps=2', 'batchSize=16', 'calibrationImages=20'],
  };
  const set = Object.entries(few).flatMap(([section, values]) =>
    values.flatMap((value) => ['--set', `${section}.${value}`]),
  );
  const started = await json(root, 'demo', ...set);
  const { search, winner } = await json(root, 'demo', '--resume');
  assert.deepEqual([search, winner], [started.search, started.winner]);
});

test('paths in a file count from its folder where they lie there, else from the folder of the shell', () => {
  const root = temporaryFolder();
  const { space, config } = writeTiny(join(root, 'mine'));
  assert.equal(loadConfig({ files: [config] }).space.file, space);
  assert.equal(
    loadConfig({ files: [config], set: ['space.file=other.yaml'] }).space.file,
    join(process.cwd(), 'other.yaml'),
  );
  const { data, export: exported } = loadConfig({ set: ['data.path=images', 'export.directory=out'] });
  assert.equal(data.path, join(process.cwd(), 'images'));
  assert.equal(exported.directory, join(process.cwd(), 'out'));
});
