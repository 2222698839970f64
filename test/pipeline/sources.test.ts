/** The whole way from images on disk: train, search, retrain, export and evaluate, the same from every kind of source. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { resolveConfig } from '../../src/config/load.js';
import type { Config } from '../../src/config/schema/config.js';
import { objectSource } from '../../src/config/sources.js';
import type { SinglePathError } from '../../src/core/errors.js';
import { packDataset } from '../../src/data/pack.js';
import { readArchitectureFile } from '../../src/export/architectureFile.js';
import { evaluateExported, evaluateNetwork, exportedSources } from '../../src/pipeline/evaluate.js';
import { runExport } from '../../src/pipeline/runExport.js';
import { runRetrain } from '../../src/pipeline/runRetrain.js';
import { runSearch } from '../../src/pipeline/runSearch.js';
import { readRun } from '../../src/pipeline/runs/runs.js';
import { runTrain } from '../../src/pipeline/runTrain.js';
import { readImageRecord } from '../../src/run/images.js';
import { pictures, samplesOf, tarOf, writeFiles } from '../data/pictures.js';
import { temporaryFolder } from '../temporaryFolder.js';

const CLASSES = ['cat', 'dog', 'bird2', 'bird10'].sort();
const ORDER = ['bird2', 'bird10', 'cat', 'dog'];
const folder = temporaryFolder();
const photos = join(folder, 'photos');
const onSkipped = (error: Error) => assert.fail(error.message);

const few = {
  space: { name: 'spos-shufflenet-v2-28', channels: 3, size: 16, classes: 4 },
  train: { steps: 4, batchSize: 8, warmupSteps: 0, logEvery: 2, checkpointEvery: 4 },
  evaluate: { calibrationImages: 8, validationImages: 0, batchSize: 8 },
  search: { population: 3, topK: 2, generations: 1, mutations: 1, crossovers: 1 },
  retrain: { steps: 4, batchSize: 8, warmupSteps: 0, calibrationImages: 8, logEvery: 2, checkpointEvery: 4 },
  export: { parityImages: 4 },
};

function configOf(data: Record<string, unknown>, evaluate: Record<string, unknown> = {}): Config {
  const rest = { heldOutPerClass: 2, augment: 'crop-flip', normalize: 'half', threads: 2 };
  const sections = { ...few, data: { ...rest, ...data }, evaluate: { ...few.evaluate, ...evaluate } };
  return resolveConfig([objectSource(sections, 'test')]);
}

interface Outcome {
  train: unknown;
  search: unknown;
  retrain: unknown;
  accuracy: unknown;
  script: unknown;
  confusion: unknown;
}

/** Every step, with all numbers it gives; paths left out. */
async function wholeWay(
  name: string,
  data: Record<string, unknown>,
  evaluate: Record<string, unknown> = {},
): Promise<Outcome> {
  const config = configOf(data, evaluate);
  const at = (step: string) => join(folder, 'runs', name, step);
  const train = await runTrain(config, { runDir: at('supernet') });
  const { result: search } = await runSearch(config, {
    runDir: at('search'),
    supernet: at('supernet'),
    onSkipped,
  });
  const retrain = await runRetrain(config, search.winner.architecture, { runDir: at('network') });
  const run = readRun(at('network'), 'retrain');
  const { confusion, ...accuracy } = await evaluateNetwork(config, run, { confusion: true, onSkipped });
  const exported = await runExport(config, run, { onSkipped });
  const ownConfig = resolveConfig(exportedSources(exported.files.script));
  const script = await evaluateExported(ownConfig, exported.files.script, {});
  return { train, search, retrain, accuracy, script, confusion };
}

describe('every kind of source', () => {
  let reference: Outcome;

  before(async () => {
    const [train, val] = [pictures('train', ORDER, 6, 20), pictures('val', ORDER, 2, 20, 700)];
    writeFiles(photos, { ...train, ...val });
    mkdirSync(join(folder, 'shards'));
    writeFileSync(join(folder, 'photos.tar'), tarOf({ ...train, ...val }));
    writeFileSync(join(folder, 'shards', 'train-0.tar'), tarOf(samplesOf(train, ORDER)));
    writeFileSync(join(folder, 'shards', 'val-0.tar'), tarOf(samplesOf(val, ORDER)));
    writeFileSync(join(folder, 'shards', 'classes.txt'), ORDER.join('\n'));
    await packDataset({ kind: 'image-folder', path: photos }, join(folder, 'photos.spk'));
    await packDataset({ kind: 'image-folder', path: photos }, join(folder, 'raw.spk'), { raw: true });
    reference = await wholeWay('folder', { kind: 'image-folder', path: photos });
  });

  for (const [kind, path] of [
    ['tar', 'photos.tar'],
    ['webdataset', 'shards'],
    ['packed', 'photos.spk'],
    ['packed', 'raw.spk'],
  ] as const) {
    test(`${kind} ${path} gives what the folder gives`, async () => {
      assert.deepEqual(await wholeWay(path, { kind, path: join(folder, path) }), reference);
    });
  }

  test('decoding the images of an evaluation again gives what keeping them gives', async () => {
    const data = { kind: 'image-folder', path: photos, cache: 0 };
    assert.deepEqual(await wholeWay('again-and-again', data, { imageMemory: 0 }), reference);
  });

  test('images whose classes have other numbers are refused by networks and exported files', async () => {
    const run = readRun(join(folder, 'runs', 'folder', 'network'), 'retrain');
    const script = join(run.path, 'export', 'network.torchscript.pt');
    const fewer = ORDER.slice(1); // bird10 is number 0 here
    writeFiles(join(folder, 'fewer'), { ...pictures('train', fewer, 2), ...pictures('val', fewer, 2) });
    const config = configOf({ kind: 'image-folder', path: join(folder, 'fewer') });
    const wrong = {
      code: 'INVALID_DATASET',
      message: /of which number 0 is 'bird2', but in image-folder test it is 'bird10'/,
      hint: /data\.testPath/,
    };
    await assert.rejects(evaluateNetwork(config, run, { onSkipped }), wrong);
    await assert.rejects(evaluateExported(config, script, {}), wrong);
    await assert.rejects(runExport(config, run, { onSkipped, directory: join(folder, 'never') }), wrong);
    // As test images of the same training images they have their numbers.
    const testPath = join(folder, 'fewer', 'val');
    const kept = configOf({ kind: 'image-folder', path: photos, testPath });
    assert.equal((await evaluateNetwork(kept, run, { onSkipped })).images, 6);
    // Files that give no names say no more than numbers.
    const samples = samplesOf(pictures('val', ORDER, 2, 20, 700), ORDER);
    writeFileSync(join(folder, 'unnamed.tar'), tarOf(samples));
    const unnamed = {
      kind: 'webdataset',
      path: join(folder, 'shards'),
      testPath: join(folder, 'unnamed.tar'),
    };
    assert.equal((await evaluateNetwork(configOf(unnamed), run, { onSkipped })).images, 8);
  });

  test('a network keeps the normalization it was trained with, whatever images it is tried on', async () => {
    const own = configOf({ kind: 'image-folder', path: photos, normalize: 'auto' });
    const runDir = join(folder, 'runs', 'normalized');
    await runRetrain(own, Array(8).fill(0), { runDir });
    const run = readRun(runDir, 'retrain');
    const scored = await evaluateNetwork(own, run, { onSkipped });
    // The same test images beside other training images.
    const others = join(folder, 'others');
    writeFiles(others, { ...pictures('train', ORDER, 1, 20, 40), ...pictures('val', ORDER, 2, 20, 700) });
    const beside = configOf({ kind: 'image-folder', path: others, normalize: 'auto' });
    assert.deepEqual(await evaluateNetwork(beside, run, { onSkipped }), scored);
    const { files } = await runExport(beside, run, { onSkipped });
    const { mean, std } = readArchitectureFile(files.script)!.input;
    assert.deepEqual({ mean, std }, readImageRecord(runDir)!.normalization);
    const file = await evaluateExported(beside, files.script, {});
    assert.ok(Math.abs(file.loss - scored.loss) < 1e-4, `${file.loss} of the file, ${scored.loss} before`);
    // Another one that is asked for is taken.
    const half = configOf({ kind: 'image-folder', path: others, normalize: 'half' });
    assert.notEqual((await evaluateNetwork(half, run, { onSkipped })).loss, scored.loss);
  });

  test('a search on images that are cut otherwise scores anew', async () => {
    const at = (step: string) => join(folder, 'runs', 'folder', step);
    const scores = async (runDir: string, data: Record<string, unknown>) => {
      const config = configOf({ kind: 'image-folder', path: photos, ...data });
      const { result, work } = await runSearch(config, {
        supernet: at('supernet'),
        runDir: at(runDir),
        onSkipped,
      });
      return { losses: result.topK.map(({ score }) => score.loss), layers: work.layersRun };
    };
    const before = await scores('cut-before', {});
    assert.equal(before.layers, 0, 'all scores are known');
    const after = await scores('cut-after', { resize: 40 });
    assert.ok(after.layers > 0);
    assert.ok(after.losses.every((loss) => !before.losses.includes(loss)));
  });

  test('class names and splits are recorded', async () => {
    const supernet = readImageRecord(join(folder, 'runs', 'folder', 'supernet'))!;
    const search = readImageRecord(join(folder, 'runs', 'folder', 'search'))!;
    assert.deepEqual(supernet.classes, ORDER);
    assert.deepEqual([...supernet.classes].sort(), CLASSES);
    assert.equal(supernet.split.images, 24);
    assert.equal(supernet.train!.images, 16);
    assert.equal(supernet.heldOut!.images, 8);
    const byClass = supernet.heldOut!.positions.map((position) => Math.floor(position / 6));
    assert.deepEqual(byClass, [0, 0, 1, 1, 2, 2, 3, 3], 'two of each class');
    assert.deepEqual(search.heldOut, supernet.heldOut);
    const calibration = search.calibration!.positions;
    assert.equal(calibration.length, 8);
    assert.ok(calibration.every((position) => !supernet.heldOut!.positions.includes(position)));
    const exported = join(folder, 'runs', 'folder', 'network', 'export', 'architecture.json');
    assert.deepEqual(JSON.parse(readFileSync(exported, 'utf8')).classNames, ORDER);
    const { classNames, counts } = reference.confusion as { classNames: string[]; counts: number[][] };
    assert.deepEqual([...classNames], ORDER);
    assert.deepEqual(
      counts.map((row) => row.reduce((sum, count) => sum + count, 0)),
      [2, 2, 2, 2],
    );
  });

  test('a folder that changed since is refused, and resuming it, too', async () => {
    const config = configOf({ kind: 'image-folder', path: photos });
    const supernet = join(folder, 'runs', 'folder', 'supernet');
    const [picture, away] = [join(photos, 'train', 'cat', '3.png'), join(folder, 'away.png')];
    renameSync(picture, away);
    const refused = (pattern: RegExp) => (error: SinglePathError) => pattern.test(error.message);
    const control = { runDir: join(folder, 'runs', 'folder', 'again'), supernet, onSkipped };
    await assert.rejects(
      runSearch(config, control),
      refused(/Expected the 24 training images.*received 23 others/),
    );
    await assert.rejects(
      runTrain(config, { runDir: supernet, resume: true }),
      refused(/differs: .*split|differs: .*images/),
    );
    renameSync(away, picture);
  });

  test('other pictures under the same names are refused; a run of before, which noted no pixels, goes on', async () => {
    const replaced = join(folder, 'replaced');
    const write = (seed: number) =>
      writeFiles(replaced, {
        ...pictures('train', ORDER, 6, 20, seed),
        ...pictures('val', ORDER, 2, 20, 700),
      });
    write(0);
    const config = configOf({ kind: 'image-folder', path: replaced });
    const supernet = join(folder, 'runs', 'replaced', 'supernet');
    const train = (resume: boolean) => runTrain(config, { runDir: supernet, resume });
    const search = (name: string, more: Record<string, unknown> = {}) =>
      runSearch(configOf({ kind: 'image-folder', path: replaced, ...more }), {
        runDir: join(folder, 'runs', 'replaced', name),
        supernet,
        onSkipped,
      });
    const { weights } = await train(false);
    write(0);
    assert.equal((await train(true)).weights, weights);
    await search('same');
    write(40_000);
    const others = {
      code: 'INVALID_DATASET',
      message: /Expected the images that the run in '.*supernet' was trained with but under the same names/,
    };
    await assert.rejects(train(true), others);
    await assert.rejects(search('others'), others);
    const file = join(supernet, 'images.json');
    const { pixels, ...rest } = JSON.parse(readFileSync(file, 'utf8'));
    assert.deepEqual([pixels.train.length, pixels.heldOut.length], [16, 8]);
    writeFileSync(file, JSON.stringify(rest));
    await train(true);
    await search('others');
  });

  test('broken images: an error with the path, or left out and listed', async () => {
    const broken = join(folder, 'broken');
    writeFiles(broken, { ...pictures('train', ORDER, 6, 20), ...pictures('val', ORDER, 2, 20, 700) });
    // One that is trained on: held-out images are not looked at here.
    const { positions } = readImageRecord(join(folder, 'runs', 'folder', 'supernet'))!.heldOut!;
    const cats = [12, 13, 14, 15, 16, 17].filter((position) => !positions.includes(position));
    const name = join('train', 'cat', `${cats[0]! - 11}.png`);
    writeFileSync(join(broken, name), 'no picture');
    const data = { kind: 'image-folder', path: broken };
    const runDir = join(folder, 'runs', 'broken');
    await assert.rejects(runTrain(configOf(data), { runDir }), (error: Error) =>
      error.message.includes(name),
    );
    const told: [number, string][] = [];
    await runTrain(configOf({ ...data, broken: 'skip', brokenShare: 0.1 }), {
      runDir: `${runDir}-skip`,
      onBroken: (count, file) => told.push([count, file]),
    });
    const file = join(`${runDir}-skip`, 'broken-images.json');
    assert.deepEqual(told, [[1, file]]);
    assert.equal(JSON.parse(readFileSync(file, 'utf8'))[0].name, join(broken, name));
  });

  test('a search opens no test image', async () => {
    rmSync(join(photos, 'val'), { recursive: true });
    const config = configOf({ kind: 'image-folder', path: photos });
    const supernet = join(folder, 'runs', 'folder', 'supernet');
    const runDir = join(folder, 'runs', 'folder', 'without-tests');
    const { result } = await runSearch(config, { runDir, supernet, onSkipped });
    assert.deepEqual(result, reference.search);
    const architecture = result.winner.architecture;
    await assert.rejects(
      runRetrain(config, architecture, { runDir: join(folder, 'runs', 'no-tests') }),
      refusedWithHint(/test images in test\/ or val\//, /testFraction/),
    );
  });
});

function refusedWithHint(message: RegExp, hint: RegExp) {
  return (error: SinglePathError) => message.test(error.message) && hint.test(error.hint ?? '');
}
