import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  costOf,
  evaluateExported,
  evaluateNetwork,
  evaluatePath,
  loadConfig,
  objectSource,
  openSpace,
  parseArchitecture,
  readEvents,
  readResult,
  readRun,
  runExport,
  runRank,
  runRetrain,
  runSearch,
  runTrain,
  type SearchResult,
} from '../../src/index.js';
import { withoutAddon } from '../cli/native.js';
import { temporaryFolder } from '../temporaryFolder.js';

// The whole way as a program goes it: everything comes from the package's own door, nothing from the command line.
const skip = withoutAddon();
const onSkipped = (error: Error): void => assert.fail(error);

/** A configuration made by a program, on images that need no files. */
const config = loadConfig({
  base: [
    objectSource(
      {
        seed: 3,
        space: { name: 'spos-shufflenet-v2-28' },
        data: { kind: 'synthetic', trainImages: 60, testImages: 20, heldOut: 20 },
        train: { steps: 4, batchSize: 8, learningRate: 0.05, checkpointEvery: 2, logEvery: 2 },
        evaluate: { calibrationImages: 20, batchSize: 20 },
        search: { population: 4, generations: 1, topK: 2, constraints: ['madds<=4.6M'], baseline: true },
        retrain: { steps: 3, batchSize: 8, learningRate: 0.05, calibrationImages: 20, logEvery: 1 },
        export: { parityImages: 4 },
      },
      'the test',
    ),
  ],
});
const space = openSpace(config.space);
const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);

test('runTrain: stopped by a signal, it resumes to the result of a training that was not', {
  skip,
}, async () => {
  const whole = await runTrain(config, { runDir: at('supernet') });
  assert.deepEqual([whole.kind, whole.space, whole.steps], ['train', space.name, 4]);

  const controller = new AbortController();
  const stopped = runTrain(config, {
    runDir: at('stopped'),
    signal: controller.signal,
    onProgress: ({ step }) => step === 2 && controller.abort(),
  });
  await assert.rejects(stopped, { code: 'ABORTED', message: 'Stopped after step 2 of 4' });
  const resumed = await runTrain(config, { runDir: at('stopped'), resume: true });
  assert.equal(resumed.weights, whole.weights);
  assert.deepEqual(readResult(at('stopped')), resumed);
  const types = readEvents(join(at('stopped'), 'events.jsonl')).map(({ type }) => type);
  assert.equal(types.filter((type) => type === 'resumed').length, 1);
});

test('readRun gives the configuration of a run back, and refuses a run of another kind', { skip }, () => {
  const run = readRun(at('supernet'), 'train');
  assert.deepEqual(run.config, config);
  assert.throws(() => readRun(at('supernet'), 'search', 'retrain'), {
    code: 'INVALID_ARGUMENT',
    message: /Expected the run directory of singlepath search or retrain .* but it is one of train/,
  });
  assert.throws(() => readRun(at('nothing'), 'train'), /there is no such folder/);
  assert.deepEqual(readRun(at('supernet')), run, 'of any kind, where none is asked for');
  assert.throws(
    () => readRun(at('nothing')),
    /^SinglePathError: Expected the run directory in '.*nothing' but there is no such folder/,
  );
  assert.throws(() => readResult(at('nothing')), /Expected a finished run/);
});

test('runSearch finds architectures that meet the constraint, and the same ones again', {
  skip,
}, async () => {
  const control = { supernet: at('supernet'), onSkipped };
  const scored: number[] = [];
  const { result, work } = await runSearch(config, {
    ...control,
    runDir: at('search'),
    onCandidates: (done, total) => scored.push(done / total),
  });
  assert.equal(result.evaluated, 8);
  assert.equal(result.baseline?.evaluated, 8);
  assert.ok(work.layersRun < work.layersAlone, 'common prefixes run once');
  assert.equal(scored.at(-1), 1);
  for (const { architecture, costs } of [...result.topK, ...result.baseline!.topK]) {
    assert.equal(costs.madds, costOf(space, architecture).madds);
    assert.ok(costs.madds! <= 4.6e6);
  }
  const again = await runSearch(config, { ...control, runDir: at('again') });
  assert.deepEqual(again.result, result);
  assert.equal(again.work.layersRun, 0, 'every score was known already');
});

test('a path of the supernet scores as in the search', { skip }, async () => {
  const { winner } = readResult<SearchResult>(at('search'));
  const run = readRun(at('supernet'), 'train');
  const { accuracy, images, split } = await evaluatePath(config, run, winner.architecture, { onSkipped });
  assert.deepEqual([accuracy, images, split], [winner.score.accuracy, 20, 'held-out']);
});

test('runRetrain, evaluateNetwork, runExport and evaluateExported agree on one network', {
  skip,
}, async () => {
  const { winner } = readResult<SearchResult>(at('search'));
  const { last, images } = await runRetrain(config, winner.architecture, { runDir: at('network') });
  const run = readRun(at('network'), 'retrain');
  assert.deepEqual(run.architecture, winner.architecture);
  const evaluated = await evaluateNetwork(config, run, { onSkipped });
  assert.deepEqual([evaluated.accuracy, evaluated.images], [last.accuracy, images]);

  const { files, parity } = await runExport(config, run, { directory: at('export'), onSkipped });
  assert.ok(parity.relative <= config.export.tolerance);
  const exported = await evaluateExported(config, files.script, {});
  assert.equal(exported.accuracy, last.accuracy);
});

test('a supernet is exported by naming the path, and not without', { skip }, async () => {
  const run = readRun(at('supernet'), 'train');
  await assert.rejects(runExport(config, run, { onSkipped }), /Expected an architecture of the supernet/);
  const architecture = parseArchitecture(space, '0,1,2,3,0,1,2,3');
  const { directory } = await runExport(config, run, { architecture, onSkipped });
  assert.ok(existsSync(join(directory, 'weights.safetensors')));
});

test('runRank compares scores with true accuracies', { skip }, async () => {
  const truth = [0, 1, 2, 3].map((choice) => ({ arch: Array(8).fill(choice), accuracy: 90 + choice }));
  const { count, card, networks } = await runRank(config, { supernet: at('supernet'), truth, onSkipped });
  assert.equal(count, 4);
  assert.equal(card.rows[0]!.name, 'supernet');
  const madds = card.rows.find(({ name }) => name === 'MAdds')!;
  assert.ok(madds.kendall >= -1 && madds.kendall <= 1);
  assert.match(card.verdict, /supernet (ranks|does NOT rank)/);
  assert.ok(networks.every(({ scores }) => Object.values(scores).every(Number.isFinite)));
});

test('images that the supernet was trained on cannot score it', { skip }, async () => {
  const other = { ...config, data: { ...config.data, splitSeed: 1 } };
  await assert.rejects(runSearch(other, { supernet: at('supernet'), runDir: at('other'), onSkipped }), {
    code: 'INVALID_CONFIG',
    message: /Expected the images the supernet in '.*' was trained without/,
  });
});
