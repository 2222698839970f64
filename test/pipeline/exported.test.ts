/** What runs an exported file takes the settings that it can, and refuses the others. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { loadConfig } from '../../src/config/load.js';
import type { ExportResult } from '../../src/export/exportSubnet.js';
import { loadOnnxRuntime } from '../../src/export/onnxNetwork.js';
import { evaluateExported } from '../../src/pipeline/evaluate.js';
import { runExport } from '../../src/pipeline/runExport.js';
import { runRetrain } from '../../src/pipeline/runRetrain.js';
import { readRun } from '../../src/pipeline/runs/runs.js';
import { addon } from '../../src/runtime/addon.js';
import { withoutAddon } from '../cli/native.js';
import { singlepath } from '../cli/run.js';
import { TINY_SPACE, writeTiny } from '../cli/tiny.js';
import { temporaryFolder } from '../temporaryFolder.js';

const skip = withoutAddon();
const root = temporaryFolder();
const { config: file } = writeTiny(root);
const config = (...set: string[]) => loadConfig({ files: [file], set });
let files: ExportResult['files'];

before(async () => {
  if (skip) return;
  const runDir = join(root, 'network');
  await runRetrain(config(), [0, 1], { runDir });
  ({ files } = await runExport(config(), readRun(runDir, 'retrain'), { onSkipped: assert.fail }));
});

test('a TorchScript file is evaluated with as many threads as are asked for', { skip }, async () => {
  const before = addon().threads();
  await evaluateExported(config(`runtime.threads=${before + 1}`), files.script, {});
  assert.equal(addon().threads(), before + 1);
  addon().setThreads(before);
});

test('an ONNX file is evaluated on the CPU, with as many threads as its runtime has', { skip }, async (t) => {
  const evaluate = (...set: string[]) => evaluateExported(config(...set), files.onnx!, {});
  await assert.rejects(evaluate('runtime.device=cuda'), {
    code: 'INVALID_ARGUMENT',
    message: "Expected cpu, on which ONNX files run, for runtime.device but received 'cuda'",
    hint: /TorchScript file of the same export/,
  });
  const found = await loadOnnxRuntime();
  if (found === undefined) return t.skip('onnxruntime is not installed');
  const one = await evaluate('runtime.threads=1');
  if (found.name === 'onnxruntime-node') assert.deepEqual(await evaluate('runtime.threads=2'), one);
  else
    await assert.rejects(evaluate('runtime.threads=2'), {
      code: 'INVALID_ARGUMENT',
      message: 'Expected at most 1, as onnxruntime-web computes with one thread, for threads but received 2',
    });
});

test('an ONNX file is evaluated on the images of a training on a card', { skip }, async (t) => {
  if ((await loadOnnxRuntime()) === undefined) return t.skip('onnxruntime is not installed');
  const training = join(root, 'card.yaml');
  writeFileSync(training, 'runtime: {device: cuda, threads: 3}\n');
  const args = ['evaluate', files.onnx!, '-c', file, '-c', training];
  const { code, stderr } = await singlepath(args);
  assert.equal(code, 0, stderr);
  const typed = await singlepath([...args, '--set', 'runtime.device=cuda']);
  assert.equal(typed.code, 2);
  assert.match(
    typed.stderr,
    /Expected cpu, on which ONNX files run, for runtime\.device but received 'cuda'/,
  );
});

test('a space that is not the file’s is refused, whether a space is named or only its size', {
  skip,
}, async () => {
  const named = ['space.file=null', 'space.classes=10'];
  const { accuracy } = await evaluateExported(config(), files.script, {});
  assert.equal((await evaluateExported(config(...named), files.script, {})).accuracy, accuracy);
  const larger = join(root, 'larger.yaml');
  writeFileSync(larger, TINY_SPACE.replace('size: 28', 'size: 32'));
  for (const space of [[...named, 'space.size=32'], ['space.size=32'], [`space.file=${larger}`]]) {
    await assert.rejects(evaluateExported(config(...space), files.script, {}), {
      code: 'INVALID_ARGUMENT',
      message: /Expected 28 for space\.size of the network in '.*' but received 32/,
    });
  }
  await assert.rejects(
    evaluateExported(config('space.classes=12'), files.script, {}),
    /Expected 10 for space\.classes of the network in '.*' but received 12/,
  );
});
