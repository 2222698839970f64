/** What a resumed run may change, and what it may not. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { loadConfig } from '../../src/config/load.js';
import { costTable } from '../../src/latency/cost/costTable.js';
import { writeTable } from '../../src/latency/format/files.js';
import { runRank } from '../../src/pipeline/runRank.js';
import { runRetrain } from '../../src/pipeline/runRetrain.js';
import { runSearch } from '../../src/pipeline/runSearch.js';
import { computedBy, describeOtherMachine } from '../../src/pipeline/runs/computedBy.js';
import { readRun, readSearchResult } from '../../src/pipeline/runs/runs.js';
import { runTrain } from '../../src/pipeline/runTrain.js';
import { openSpace } from '../../src/pipeline/setup/fromConfig.js';
import { withoutAddon } from '../cli/native.js';
import { singlepath } from '../cli/run.js';
import { writeTiny } from '../cli/tiny.js';
import { madeUpTable } from '../latency/tables.js';
import { temporaryFolder } from '../temporaryFolder.js';

const skip = withoutAddon();
const root = temporaryFolder();
const { config: file } = writeTiny(root);
const config = (...set: string[]) => loadConfig({ files: [file], set });
const space = openSpace(config().space);
const at = (name: string) => join(root, name);
const onSkipped = assert.fail;

const tables = { a: at('a.lut'), same: at('same.lut'), slow: at('slow.lut') };
/** A limit that all meet, under whatever table is named pi. */
const limited = (section: string, table: string) => [
  `${section}.constraints=["latency[pi]<=1s"]`,
  `latency.tables.pi=${table}`,
  'latency.finalists=0',
];

before(async () => {
  if (skip) return;
  await writeTable(tables.a, madeUpTable(space, 1));
  await writeTable(tables.same, madeUpTable(space, 1));
  await writeTable(tables.slow, madeUpTable(space, 2));
  await runTrain(config(), { runDir: at('supernet') });
});

test('the result of a search that went on and was stopped is not taken for what it has found', {
  skip,
}, async () => {
  const runDir = at('further');
  const go = async (generations: number, stopAt?: number) => {
    const stop = new AbortController();
    const { result } = await runSearch(config('search.population=1', `search.generations=${generations}`), {
      supernet: at('supernet'),
      runDir,
      resume: true,
      signal: stop.signal,
      onSkipped,
      onGeneration: ({ generation }) => generation === stopAt && stop.abort(),
    });
    return result;
  };
  const first = await go(1);
  assert.deepEqual(readSearchResult(runDir), first);
  await assert.rejects(go(3, 2), { code: 'ABORTED' });
  const unfinished = /Expected a finished search in '.*further' but it went on after its result/;
  const hint = `finish it with --resume; its former winner is ${first.winner.architecture.join()}, for retrain --arch`;
  const truth = ['00', '11'].map((architecture, accuracy) => ({ architecture, accuracy }));
  await assert.rejects(
    runRank(config('evaluate.naswotImages=0'), {
      supernet: at('supernet'),
      search: runDir,
      truth,
      onSkipped,
    }),
    { code: 'INVALID_ARGUMENT', message: unfinished, hint },
  );
  const retrain = await singlepath(['retrain', '--search', runDir, '--run-dir', at('unasked')]);
  assert.equal(retrain.code, 2, retrain.stderr);
  assert.match(retrain.stderr, unfinished);
  assert.deepEqual(await go(3), readSearchResult(runDir));
});

const search = (runDir: string, resume: boolean, ...set: string[]) =>
  runSearch(config(...set), { supernet: at('supernet'), runDir: at(runDir), resume, onSkipped });

test('what another machine computed is not mixed with what is computed here without a word', {
  skip,
}, async () => {
  const file = at('supernet/evaluations.jsonl');
  const scored = (runDir: string) => search(runDir, false, 'search.population=2', 'search.generations=0');
  await scored('here');
  const rewrite = (path: string, pattern: RegExp, text: string) =>
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(pattern, text));
  assert.equal((await scored('again')).work.layersRun, 0);
  rewrite(file, /"machine":"[^"]+"/g, '"machine":"singlepath 0.0.1, libtorch 1.13.1, neon"');
  assert.ok((await scored('elsewhere')).work.layersRun > 0);
  rewrite(file, /"machine":"[^"]+",/g, ''); // as earlier versions wrote it
  assert.equal((await scored('before')).work.layersRun, 0);
  const events = at('here/events.jsonl');
  rewrite(events, /"isa":"[^"]+"/g, '"isa":"neon"');
  const { runtime } = config();
  assert.match(describeOtherMachine(at('here'), runtime)!, /isa: "neon" before/);
  const op = { ...runtime, kernels: 'aten' } as const;
  assert.equal(describeOtherMachine(at('here'), op), undefined, 'kernels of ours computed nothing');
  const aten = /"aten":"[^"]+"/g;
  rewrite(events, aten, '"aten":"other"');
  assert.match(describeOtherMachine(at('here'), op)!, /\(aten: "other" before, "[\w .]+" now\)/);
  rewrite(events, aten, `"aten":"${computedBy(op).aten}"`);
  const heard: string[] = [];
  const further = (generations: number) =>
    runSearch(config('search.population=2', `search.generations=${generations}`), {
      supernet: at('supernet'),
      runDir: at('here'),
      resume: true,
      onSkipped,
      onWarning: (message) => /computed otherwise/.test(message) && heard.push(message),
    });
  await further(0); // it is finished: nothing is computed
  assert.deepEqual(heard, []);
  rewrite(events, /"isa":"[^"]+"/g, '"isa":"neon"');
  await further(1);
  assert.equal(heard.length, 1);
  const told =
    /the run in '.*here' was computed otherwise so far \(isa: "neon" before, "\w+" now\): numbers from here on differ/;
  assert.match(heard.join('\n'), told);
  const notices: string[] = [];
  const train = () =>
    runTrain(config(), {
      runDir: at('elsewhere-trained'),
      resume: true,
      onNotice: (text) => notices.push(text),
    });
  await train();
  await train();
  assert.doesNotMatch(notices.join('\n'), /computed otherwise/);
  rewrite(at('elsewhere-trained/events.jsonl'), /"torch":"[^"]+"/g, '"torch":"1.13.1"');
  await train(); // it is finished: nothing is computed
  assert.doesNotMatch(notices.join('\n'), /computed otherwise/);
  rmSync(at('elsewhere-trained/result.json'));
  rewrite(at('elsewhere-trained/events.jsonl'), /"torch":"[^"]+"/g, '"torch":"1.13.1"');
  await train();
  assert.match(
    notices.join('\n'),
    /computed otherwise so far \(torch: "1\.13\.1" before, "[\d.+a-z]+" now\)/,
  );
});

test('a search goes on with as many generations as are done, or more; fewer are refused and nothing is noted', {
  skip,
}, async () => {
  await search('done', false, 'search.population=1', 'search.generations=1');
  const again = (generations: number) =>
    search('done', true, 'search.population=1', `search.generations=${generations}`);
  await assert.rejects(again(0), {
    code: 'INVALID_CONFIG',
    message: 'Expected at least 1 for search.generations, as many as are done, but received 0',
  });
  assert.equal(readRun(at('done'), 'search').config.search.generations, 1);
  await again(1);
});

test('a table of another name with the same rows is kept under its name; other rows are refused', {
  skip,
}, async () => {
  await search('search', false, ...limited('search', tables.a));
  await search('search', true, ...limited('search', tables.same));
  const { latency } = readRun(at('search'), 'search').config;
  assert.equal(latency.tables.pi, at('search/tables/1-same.lut'));
  assert.ok(costTable(space, 'latency[pi]', latency).base > 0, 'it can be read');
  await assert.rejects(search('search', true, ...limited('search', tables.slow)), /differs: tables: /);
});

test('the rows of the table that a constrained sampler keeps to decide its training', { skip }, async () => {
  const train = (resume: boolean, table: string) =>
    runTrain(config('train.sampler=constrained', ...limited('train', table)), {
      runDir: at('constrained'),
      resume,
    });
  await train(false, tables.a);
  await train(true, tables.same);
  await assert.rejects(train(true, tables.slow), { code: 'INVALID_CONFIG', message: /differs: tables: / });
});

test('the images of NASWOT decide a search that ranks by a score model, and no other', { skip }, async () => {
  for (const [score, refused] of [
    ['model', true],
    ['supernet', false],
  ] as const) {
    const run = (resume: boolean, images: number) =>
      search(`naswot-${score}`, resume, `search.score=${score}`, `evaluate.naswotImages=${images}`);
    await run(false, 8);
    if (refused) await assert.rejects(run(true, 9), /naswotImages: 8 there, 9 here/);
    else await run(true, 9);
  }
});

test('the batches in which BatchNorm is recalibrated decide a retraining', { skip }, async () => {
  const retrain = (resume: boolean, ...set: string[]) =>
    runRetrain(config(...set), [0, 1], { runDir: at('network'), resume });
  await retrain(false);
  await assert.rejects(retrain(true, 'evaluate.batchSize=8'), /evaluate\.batchSize: 32 there, 8 here/);
});

test('a training that goes on refuses other weights to begin with, and takes the same from anywhere', {
  skip,
}, async () => {
  await runTrain(config('seed=1'), { runDir: at('other') });
  const train = (from: string, resume: boolean) =>
    runTrain(config(), { runDir: at('warm'), from: at(from), resume });
  const { weights } = await train('supernet', false);
  await assert.rejects(train('other', true), {
    code: 'INVALID_CONFIG',
    message:
      /Expected the weights that the run in '.*warm' began with, those of '.*supernet' \(\w{12}\), but received those of '.*other' \(\w{12}\)/,
    hint: /go on without --from/,
  });
  cpSync(at('supernet'), at('moved'), { recursive: true });
  for (const from of ['supernet', 'moved']) assert.equal((await train(from, true)).weights, weights);
  assert.ok(existsSync(join(at('warm'), 'result.json')));
  const { sources } = JSON.parse(readFileSync(join(at('warm'), 'run.json'), 'utf8'));
  assert.equal(sources.from, '../supernet');
});

test('a search that goes on with its supernet in another place notes that place', { skip }, async () => {
  const [first, second] = ['first', 'second'].map((name) => join(at('places'), name)) as [string, string];
  const go = (supernet: string) =>
    runSearch(config(), { supernet, runDir: at('placed'), resume: true, onSkipped });
  cpSync(at('supernet'), first, { recursive: true });
  const { result } = await go(first);
  renameSync(first, second);
  assert.deepEqual((await go(second)).result, result);
  assert.equal(readRun(at('placed'), 'search').supernet, second);
});
