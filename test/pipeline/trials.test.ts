import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { describe, it } from 'node:test';
import { loadConfig } from '../../src/config/load.js';
import { packageRoot } from '../../src/core/packageRoot.js';
import { costOf } from '../../src/cost/cost.js';
import { runRank } from '../../src/pipeline/runRank.js';
import { runSearch } from '../../src/pipeline/runSearch.js';
import { runTrain } from '../../src/pipeline/runTrain.js';
import { Trials } from '../../src/pipeline/search/trials.js';
import { openSpace } from '../../src/pipeline/setup/fromConfig.js';
import { withoutAddon } from '../cli/native.js';
import { temporaryFolder } from '../temporaryFolder.js';

const CONFIG = join(packageRoot(), 'configs', 'small', 'nas-bench-macro.yaml');
const SETTINGS = [
  ...['space.size=8', 'data.trainImages=100', 'data.testImages=16', 'data.heldOut=20'],
  ...['train.steps=2', 'train.batchSize=8', 'retrain.calibrationImages=16'],
  ...['evaluate.calibrationImages=16', 'evaluate.batchSize=16', 'search.constraints=[]'],
  ...[
    'search.population=6',
    'search.topK=2',
    'search.mutations=2',
    'search.crossovers=2',
    'search.generations=1',
  ],
  ...['search.trial.epochs=0.2', 'search.trial.batchSize=16', 'search.trial.rungs=2'],
];

describe('real trainings around a search', { skip: withoutAddon() }, () => {
  it('calibrate the score, choose the winner, resume to the same result, and are shared by searches', async () => {
    const folder = temporaryFolder();
    const config = loadConfig({
      files: [CONFIG],
      set: [...SETTINGS, 'search.score=model', 'search.calibrate=8', 'search.finalists=3'],
    });
    const supernet = join(folder, 'supernet');
    await runTrain(config, { runDir: supernet });
    const trained: string[] = [];
    const search = async (
      name: string,
      { resume = false, stopAfter = Number.POSITIVE_INFINITY, spelled = (path: string) => path } = {},
    ) => {
      const stop = new AbortController();
      const { result } = await runSearch(config, {
        supernet: spelled(supernet),
        runDir: spelled(join(folder, name)),
        resume,
        signal: stop.signal,
        onSkipped: (error) => assert.fail(error),
        onTrial: (phase, done, total) => {
          trained.push(`${phase} ${done}/${total}`);
          if (trained.length >= stopAfter) stop.abort();
        },
        onFinalists: ({ rungs, imagePasses }) => {
          assert.deepEqual(rungs, [
            { networks: 3, epochs: 0.2 },
            { networks: 2, epochs: 0.4 },
          ]);
          assert.equal(imagePasses, Math.round((3 * 0.2 + 2 * 0.4) * 80));
        },
      });
      return result;
    };
    await assert.rejects(search('stopped', { stopAfter: 3 }), { code: 'ABORTED' }); // in the calibration
    trained.length = 0;
    await assert.rejects(search('stopped', { resume: true, stopAfter: 10 }), { code: 'ABORTED' }); // in the finalists
    trained.length = 0;
    const result = await search('stopped', { resume: true });
    assert.equal(trained.at(-1), 'finalists 5/5');
    const { calibration, finalists = [], winner } = result;
    assert.equal(calibration?.networks.length, 8);
    assert.equal(new Set(calibration.networks.map(({ architecture }) => architecture.join())).size, 8);
    assert.deepEqual(winner.architecture, finalists[0]!.architecture);
    assert.ok(Number.isFinite(winner.score.model) && winner.score.modelDeviation! > 0);
    const [best, second] = finalists.map(({ rungs }) => rungs.at(-1)!.accuracy);
    assert.ok(best! >= second!);
    assert.deepEqual(
      finalists.map(({ rungs }) => rungs.length),
      [2, 2, 1],
    );

    const trials = readdirSync(join(supernet, 'trials'));
    assert.deepEqual(await search('straight'), result);
    assert.deepEqual(readdirSync(join(supernet, 'trials')), trials); // none was trained again
    const first = join(folder, 'straight', finalists[0]!.rungs[0]!.folder);
    const { kind } = JSON.parse(readFileSync(join(first, 'run.json'), 'utf8'));
    assert.equal(kind, 'retrain'); // so that export and evaluate take it
    assert.ok(existsSync(join(first, 'result.json')));

    // Nor where the folders are spelled otherwise: the result has the same bytes.
    const bytes = (name: string) => readFileSync(join(folder, name, 'result.json'), 'utf8');
    await search('relative', { spelled: (path) => relative('.', path) });
    await search('dotted', { spelled: (path) => `${dirname(path)}/supernet/../${basename(path)}` });
    await search('straight', { resume: true, spelled: (path) => relative('.', path) });
    for (const name of ['relative', 'dotted', 'straight']) assert.equal(bytes(name), bytes('stopped'), name);
    assert.deepEqual(readdirSync(join(supernet, 'trials')), trials);

    // rank takes the score model of this search, and not with another supernet.
    const truth = ['00000000', '11111111', '22222222', '21212121'].map((architecture, i) => ({
      architecture,
      accuracy: i,
    }));
    const rank = (of: string, search = 'straight') =>
      runRank(config, {
        supernet: of,
        search: join(folder, search),
        truth,
        onSkipped: (error) => assert.fail(error),
      });
    const { card } = await rank(supernet);
    assert.ok(card.rows.some(({ name }) => name === 'calibrated model'));
    const other = join(folder, 'other');
    await runTrain({ ...config, seed: 1 }, { runDir: other });
    await assert.rejects(rank(other), /on this supernet in '.*' but received one of another supernet/);
    await assert.rejects(rank(supernet, 'supernet'), /run directory of singlepath search in/);
  });

  it('start anew where their checkpoint is damaged, and name the folder of a finished one that is', async () => {
    const folder = temporaryFolder();
    const supernet = join(folder, 'supernet');
    const config = loadConfig({ files: [CONFIG], set: SETTINGS });
    await runTrain(config, { runDir: supernet });
    const skipped: string[] = [];
    using trials = await Trials.open(
      config,
      openSpace(config.space),
      { path: supernet },
      { runDir: join(folder, 'search'), onSkipped: ({ message }) => skipped.push(message) },
    );
    const architecture = [0, 1, 2, 0, 1, 2, 0, 1];
    const first = await trials.run({ architecture, epochs: 0.2 });
    const trial = join(folder, 'search', first.folder);
    const damage = () => {
      for (const name of readdirSync(join(trial, 'checkpoints')))
        appendFileSync(join(trial, 'checkpoints', name, 'weights.safetensors'), 'more');
    };

    rmSync(join(trial, 'result.json')); // as if it had been stopped after its last step
    damage();
    assert.deepEqual(await trials.run({ architecture, epochs: 0.2 }), first);
    assert.match(skipped.at(-1)!, /Expected a valid checkpoint in '.*' but none is: .* starts anew$/);

    damage();
    const rung = () => trials.run({ architecture, epochs: 0.4, from: first.folder });
    const named = { code: 'INVALID_CHECKPOINT', hint: new RegExp(`^delete '${trial}', and go on with`) };
    await assert.rejects(rung(), named);
    writeFileSync(join(trial, 'result.json'), '{');
    await assert.rejects(trials.run({ architecture, epochs: 0.2 }), named);
    rmSync(trial, { recursive: true });
    assert.deepEqual(await trials.run({ architecture, epochs: 0.2 }), first);
    await rung();
  });

  it('refuse a calibration smaller than the model, and more finalists than candidates', async () => {
    const folder = temporaryFolder();
    const supernet = join(folder, 'supernet');
    const load = (set: string[]) => loadConfig({ files: [CONFIG], set: [...SETTINGS, ...set] });
    await runTrain(load([]), { runDir: supernet });
    const search = (...set: string[]) =>
      runSearch(load(set), {
        supernet,
        runDir: join(folder, set.join()),
        onSkipped: (error) => assert.fail(error),
      });
    await assert.rejects(
      search('search.score=model', 'search.calibrate=4'),
      /at least 7, the terms of the score model/,
    );
    const space = openSpace(load([]).space);
    const least = costOf(
      space,
      space.genes.map(() => 0),
    ).madds;
    await assert.rejects(
      search(`search.constraints=[madds<=${least}]`, 'search.finalists=2'),
      /Expected at most 1, the architectures that meet the constraints, for search\.finalists but received 2/,
    );
    assert.throws(() => load(['search.finalists=13']), /at most the candidates of the search/);
    assert.throws(() => load(['search.calibrate=8', 'search.score=supernet']), /search.score: model/);

    // Spaces and truths that are not the supernet's.
    await assert.rejects(
      search('space.size=16'),
      /Expected a supernet of 'nas-bench-macro' \(\w+\) in '.*' but it is one of 'nas-bench-macro' \(\w+\)/,
    );
    const rank = (...keys: string[]) =>
      runRank(load([]), {
        supernet,
        truth: Object.fromEntries(keys.map((key, i) => [key, { mean_acc: i }])),
        onSkipped: (error) => assert.fail(error),
      });
    await assert.rejects(rank('0000', '0001'), /true accuracies: Expected 8 genes .* but received 4/);
    await assert.rejects(rank('00000003'), /true accuracies: Expected an integer from 0 to 2 for gene 7/);
    await assert.rejects(rank('00000010', '00000001'), /which are the same network/);
  });
});
