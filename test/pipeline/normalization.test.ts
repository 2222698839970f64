/** Mean and deviation that a run has begun with are those of all that builds on it. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/load.js';
import type { Config } from '../../src/config/schema/config.js';
import { evaluateNetwork, evaluateWeights } from '../../src/pipeline/evaluate.js';
import { runRetrain } from '../../src/pipeline/runRetrain.js';
import { runSearch } from '../../src/pipeline/runSearch.js';
import { readRun } from '../../src/pipeline/runs/runs.js';
import { runTrain } from '../../src/pipeline/runTrain.js';
import { readImageRecord } from '../../src/run/images.js';
import { withoutAddon } from '../cli/native.js';
import { writeTiny } from '../cli/tiny.js';
import { pictures, writeFiles } from '../data/pictures.js';
import { temporaryFolder } from '../temporaryFolder.js';

const root = temporaryFolder();
const { config: file } = writeTiny(root);
const at = (name: string) => join(root, name);
const onSkipped = assert.fail;

test('a run whose version took other images for normalize: auto goes on as it began, and so do its searches', {
  skip: withoutAddon(),
}, async () => {
  const images = at('one-set');
  writeFiles(images, pictures('', ['0', '1'], 30, 28));
  const normalization = { mean: [0.4], std: [0.3] };
  const data = ['kind=image-folder', `path=${images}`, 'testFraction=0.25', 'heldOut=8', 'trainImages=null'];
  const trials = ['search.finalists=2', 'search.trial.epochs=1', 'search.trial.batchSize=16'];
  const configOf = (normalize: string) =>
    loadConfig({
      files: [file],
      set: [...[...data, `normalize=${normalize}`].map((one) => `data.${one}`), ...trials],
    });
  const [before, now] = [configOf(JSON.stringify(normalization)), configOf('auto')];
  const whole = await runTrain(before, { runDir: at('whole') });
  const stop = new AbortController();
  const runDir = at('stopped');
  const stopped = runTrain(before, { runDir, signal: stop.signal, onProgress: () => stop.abort() });
  await assert.rejects(stopped, { code: 'ABORTED' });
  const header = JSON.parse(readFileSync(join(runDir, 'run.json'), 'utf8'));
  header.identity.data.normalize = 'auto'; // as that version noted it
  writeFileSync(join(runDir, 'run.json'), JSON.stringify(header));
  assert.deepEqual(readImageRecord(runDir)!.normalization, normalization);
  assert.equal((await runTrain(now, { runDir, resume: true })).weights, whole.weights);
  const search = async (config: Config, supernet: string) => {
    const control = { supernet: at(supernet), runDir: at(`${supernet}-search`), onSkipped };
    const { finalists, ...result } = (await runSearch(config, control)).result;
    // The folder of a short training is named by its settings.
    const rungs = finalists!.map((one) => one.rungs.map(({ folder: _, ...rung }) => rung));
    return { ...result, rungs };
  };
  assert.deepEqual(await search(now, 'stopped'), await search(before, 'whole'));
  // A version before that noted nothing.
  forget(runDir);
  const refused = {
    code: 'INVALID_CHECKPOINT',
    message: /Expected the mean and deviation that the images of the run in '.*stopped' were normalized with/,
    hint: /those of data\.testFraction included: train again, or write "normalization"/,
  };
  await assert.rejects(runTrain(now, { runDir, resume: true }), refused);
  // On other images, too; one that took no images for it that none takes now is tried on any.
  const plain = loadConfig({ files: [file] });
  await assert.rejects(evaluateWeights(plain, runDir, [0, 1], { onSkipped }), refused);
  await runRetrain(plain, [0, 1], { runDir: at('network') });
  forget(at('network'));
  const { images: scored } = await evaluateNetwork(now, readRun(at('network'), 'retrain'), { onSkipped });
  assert.equal(scored, 15);
});

/** As a run of a version that did not note how its images were normalized. */
function forget(runDir: string): void {
  const { normalization: _, ...rest } = readImageRecord(runDir)!;
  writeFileSync(join(runDir, 'images.json'), JSON.stringify(rest));
}
