import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { nextStep } from '../../src/cli/common/nextStep.js';
import { duration } from '../../src/cli/common/options.js';
import { loadConfig } from '../../src/config/load.js';
import { parseConstraints } from '../../src/cost/constraint.js';
import { costTable } from '../../src/cost/cost.js';
import { costStatistics } from '../../src/cost/statistics.js';
import type { DatasetReport } from '../../src/data/inspect.js';
import { initSettings } from '../../src/pipeline/initSettings.js';
import { openSpace } from '../../src/pipeline/setup/fromConfig.js';
import { WaitingShare } from '../../src/report/progress.js';
import { pictures, writeFiles } from '../data/pictures.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { withoutAddon } from './native.js';
import { singlepath } from './run.js';

/** What `data info` would say of such images. */
function found(images: number, side: number, classes: number, hasTest = false): DatasetReport {
  return {
    split: 'train',
    images,
    bytes: 0,
    formats: { jpeg: images, png: 0, raw: 0 },
    broken: [],
    ignored: {},
    classes: Array.from({ length: classes }, (_, i) => ({ name: `c${i}`, images: images / classes })),
    height: [side, side, side],
    width: [side, side, side],
    mean: [0.5, 0.5, 0.5],
    std: [0.2, 0.2, 0.2],
    decoded: images,
    hasTest,
  };
}

const choices = { space: null, device: 'cpu', constraints: [], passes: null };
type Settings = {
  space: { name: string; size: number; classes: number };
  data: { heldOut: number; testFraction?: number };
  train: { epochs: number; batchSize: number; warmupSteps: number };
  retrain: { epochs: number; warmupSteps: number };
  search: { constraints: string[]; baseline: boolean };
};
const settingsFor = (report: DatasetReport, more: object = {}) =>
  initSettings('image-folder', '/photos', report, { ...choices, ...more }) as unknown as Settings;

test('the space fits the images: their classes and about their size', () => {
  assert.deepEqual(
    [settingsFor(found(5000, 30, 7)).space.name, settingsFor(found(5000, 30, 7)).space.size],
    ['spos-shufflenet-v2-28', 32],
  );
  assert.equal(settingsFor(found(50_000, 500, 100)).space.name, 'spos-shufflenet-v2');
  assert.equal(settingsFor(found(50_000, 500, 100)).space.size, 224);
  assert.equal(settingsFor(found(5000, 130, 7)).space.size, 128);
  assert.equal(settingsFor(found(5000, 30, 7), { space: 'nas-bench-macro' }).space.name, 'nas-bench-macro');
});

test('images are held out for the search, for the test where there are none, and fill the batches', () => {
  const small = settingsFor(found(60, 32, 3));
  assert.equal(small.data.testFraction, 0.15);
  assert.ok(small.data.heldOut >= 3 && small.data.heldOut <= 12);
  assert.ok(small.train.batchSize <= 51 - small.data.heldOut);
  assert.equal(settingsFor(found(60_000, 32, 10, true)).data.testFraction, undefined);
});

test('without a limit the cheaper quarter of the space is searched', () => {
  const settings = settingsFor(found(5000, 32, 7));
  const { limit } = parseConstraints(settings.search.constraints)[0]!;
  const space = openSpace({ ...settings.space, file: null, channels: 3, options: {} });
  const statistics = costStatistics(space, costTable(space, 'madds'));
  const quarter = statistics.quantile(0.25);
  assert.ok(limit >= quarter && limit <= 1.01 * quarter, `${limit}`);
  assert.match(settings.search.constraints[0]!, /^madds<=[\d.]{1,5}[KMG]$/);
  assert.deepEqual(settingsFor(found(5000, 32, 7), { constraints: ['params<=1M'] }).search.constraints, [
    'params<=1M',
  ]);
  assert.throws(() => settingsFor(found(5000, 32, 7), { constraints: ['madds<=1K'] }), {
    code: 'INFEASIBLE_CONSTRAINT',
  });
  assert.throws(
    () => settingsFor(found(5000, 32, 7), { constraints: ['speed<=1M'] }),
    /Expected a known metric/,
  );
});

test('a larger budget gives more epochs, a small one a short search', () => {
  const epochs = [1e5, 1e6, 1e7].map((passes) => settingsFor(found(5000, 32, 7), { passes }).train.epochs);
  assert.ok(epochs[0]! < epochs[1]! && epochs[1]! < epochs[2]!, `${epochs}`);
  assert.equal(settingsFor(found(5000, 32, 7), { passes: 1e5 }).search.baseline, false);
  assert.equal(settingsFor(found(5000, 32, 7), { passes: 1e8 }).search.baseline, true);
  // One epoch of 30 steps is not all warm-up.
  const { train, retrain } = settingsFor(found(360, 64, 6), { passes: 1 });
  assert.deepEqual([train.epochs, retrain.epochs, train.warmupSteps, retrain.warmupSteps], [1, 1, 6, 6]);
});

test('singlepath init looks at the images and writes a configuration that runs', {
  skip: withoutAddon(),
}, async () => {
  const root = temporaryFolder();
  writeFiles(root, pictures('photos', ['cat', 'dog'], 20, 24));
  const { code, stderr, stdout } = await singlepath(
    ['init', 'mine.yaml', '--data', 'photos', '--budget', '10m', '--constraint', 'madds<=8M'],
    { cwd: root },
  );
  assert.equal(code, 0, stderr);
  assert.match(stderr, /photos: image-folder, 40 training images of 2 classes, about 24 x 24 pixels/);
  assert.match(stderr, /trains [\d,]+ images a second here/);
  assert.match(stdout, /next: singlepath run -c mine\.yaml/);
  const text = readFileSync(join(root, 'mine.yaml'), 'utf8');
  assert.match(text, /^# A configuration for the images in photos/);
  assert.match(text, /# Number of training images that are set aside/);
  assert.equal(parse(text).data.path, 'photos', 'relative to the file');
  const config = loadConfig({ files: [join(root, 'mine.yaml')] });
  assert.equal(config.space.classes, 2);
  const checked = await singlepath(['config', 'validate', 'mine.yaml'], { cwd: root });
  assert.equal(checked.code, 0, checked.stderr + checked.stdout);
  assert.doesNotMatch(stderr, /shortest run/);
  // Too short for any machine: the images a second are measured.
  const tiny = await singlepath(['init', 'tiny.yaml', '--data', 'photos', '--budget', '0.01s'], {
    cwd: root,
  });
  assert.match(tiny.stderr, /the shortest run takes about .*, more than --budget allows/);
  const spaced = await singlepath(['init', 'my cats.yaml', '--data', 'photos'], { cwd: root });
  assert.equal(spaced.code, 0, spaced.stderr);
  const commands = readFileSync(join(root, 'my cats.yaml'), 'utf8').split('\n').slice(0, 4).join('\n');
  assert.match(commands, /singlepath config show -c 'my cats\.yaml' prints/);
  assert.match(commands, /singlepath run -c 'my cats\.yaml'$/m);
  const again = await singlepath(['init', 'mine.yaml', '--data', 'photos'], { cwd: root });
  assert.match(again.stderr, /is there[\s\S]*--force/);
});

test('what init cannot use is an error that says what was expected', async () => {
  const root = temporaryFolder();
  writeFileSync(join(root, 'notes.doc'), 'x');
  for (const [args, said] of [
    [['init'], /Expected --data PATH, as there is no terminal/],
    [['init', '--data', 'nowhere'], /Expected a data set at 'nowhere'/],
    [['init', '--data', 'notes.doc'], /file of an unknown kind/],
    [['init', '--data', '.', '--budget', 'soon'], /Expected a time such as 90s, 30m, 2h/],
  ] as const) {
    const { code, stderr } = await singlepath(args, { cwd: root });
    assert.notEqual(code, 0);
    assert.match(stderr, said);
  }
});

test('times are read in seconds, minutes, hours and days', () => {
  assert.deepEqual(['90s', '30m', '2h', '1.5d'].map(duration), [90, 1800, 7200, 129_600]);
});

test('the next command can be pasted', () => {
  assert.equal(
    nextStep(['report', "my runs/it's"], 'see'),
    "next: singlepath report 'my runs/it'\\''s'   # see",
  );
});

test('the share of time spent waiting is that of the last seconds', () => {
  const share = new WaitingShare(1000);
  assert.equal(share.add(0, 0), undefined);
  assert.equal(share.add(0.25, 500), undefined);
  assert.equal(share.add(0.5, 1000), 0.5);
  assert.equal(share.add(0.5, 1500), 0.5);
  assert.equal(share.add(0.5, 2000), 0);
});
