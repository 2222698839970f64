import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ArchitectureFile, isExported, sha256Of } from '../../src/export/architectureFile.js';
import type { ExportResult } from '../../src/export/exportSubnet.js';
import type { Accuracy } from '../../src/pipeline/evaluate.js';
import { readSafetensors } from '../../src/run/safetensors.js';
import { addon } from '../../src/runtime/addon.js';
import { bytesOf, rawSafetensors } from '../run/stateDict.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { withoutAddon } from './native.js';
import { singlepath } from './run.js';

const SETTINGS = [
  ...['space.name=spos-shufflenet-v2-28', 'data.kind=fashion-mnist', 'data.trainImages=400'],
  ...['data.testImages=100', 'data.heldOut=100', 'train.steps=5', 'retrain.steps=20', 'retrain.batchSize=16'],
  ...[
    'train.batchSize=16',
    'evaluate.calibrationImages=64',
    'evaluate.batchSize=50',
    'export.parityImages=20',
  ],
].flatMap((setting) => ['--set', setting]);

async function json<Result>(...args: string[]): Promise<Result> {
  const { code, stdout, stderr } = await singlepath([...args, '--json']);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Result;
}

test('a retrained network is exported, and evaluate scores the file the same', {
  skip: withoutAddon(),
}, async () => {
  const run = join(temporaryFolder(), 'network');
  await json('retrain', '--arch', '0,1,2,3,3,2,1,0', '--run-dir', run, ...SETTINGS);
  const result = await json<ExportResult>('export', run);
  assert.equal(result.directory, join(run, 'export'));
  assert.equal(result.parity.images, 20);
  assert.ok(result.parity.relative < 1e-4);

  const network = await json<Accuracy>('evaluate', run);
  const alone = await json<Accuracy>('evaluate', result.files.script);
  assert.ok(isExported(result.files.script));
  const file = await json<Accuracy>('evaluate', result.files.script, ...SETTINGS);
  assert.deepEqual([alone.accuracy, alone.images], [file.accuracy, file.images]);
  assert.ok(Math.abs(alone.loss - file.loss) < 1e-5); // other batches, another order of the sum
  const config = await json<Accuracy>('evaluate', result.files.script, '-c', join(run, 'config.yaml'));
  assert.deepEqual(config, file);
  assert.equal(file.images, 100);
  assert.equal(file.accuracy, network.accuracy);
  assert.ok(Math.abs(file.loss - network.loss) < 1e-4);

  // What runs a file takes threads, and has kernels of its own.
  for (const [typed, path, pattern] of [
    [
      ['--kernels', 'aten'],
      result.files.script,
      /Expected no --kernels for the file '.*', which libtorch runs/,
    ],
    [
      ['--set', 'runtime.precision=bf16'],
      result.files.onnx!,
      /no --set runtime\.precision=bf16 .*onnxruntime runs/,
    ],
    [
      ['--set', 'runtime.device=cuda'],
      result.files.onnx!,
      /Expected cpu, on which ONNX files run, for runtime\.device/,
    ],
    [
      ['--input-size', '32'],
      result.files.script,
      /Expected 28 for space\.size of the network in '.*' but received 32/,
    ],
  ] as const) {
    const { code, stderr } = await singlepath(['evaluate', path, ...typed]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, pattern);
  }
  const same = ['--set', 'runtime.threads=1', '--input-size', '28', '--classes', '10'];
  assert.equal((await json<Accuracy>('evaluate', result.files.script, ...same)).accuracy, file.accuracy);

  // A state_dict of PyTorch, compiled and wrapped, with its counters.
  const { tensors } = await readSafetensors(result.files.weights);
  const wrapped = tensors.map(({ name, shape, data }) => {
    return { name: `module._orig_mod.${name}`, dtype: 'F32', shape: [...shape], bytes: bytesOf(data) };
  });
  const counter = { dtype: 'I64', shape: [], bytes: bytesOf(BigInt64Array.of(7n)) };
  const foreign = join(run, 'mine.safetensors');
  writeFileSync(
    foreign,
    rawSafetensors([...wrapped, { ...counter, name: 'module._orig_mod.stem.1.num_batches_tracked' }]),
  );
  const own = ['--space', 'spos-shufflenet-v2-28', '--arch', '0,1,2,3,3,2,1,0'];
  const weights = await singlepath([
    'evaluate',
    '--weights',
    foreign,
    ...own,
    ...SETTINGS,
    '--json',
    '--verbose',
  ]);
  assert.equal(weights.code, 0, weights.stderr);
  assert.equal(JSON.parse(weights.stdout).accuracy, network.accuracy);
  assert.match(
    weights.stderr,
    /ignored the prefix 'module\.' .*\n.*the prefix '_orig_mod\.'.*\n.*1 counters/,
  );
  // In bfloat16 it is the network whose weights have the upper halves of the same bits.
  const upper = tensors.map(
    ({ data }) => new Uint32Array(data.buffer.slice(0), data.byteOffset, data.length),
  );
  const scores = await Promise.all(
    ['BF16', 'F32'].map(async (dtype) => {
      const rounded = tensors.map(({ name, shape }, i) => {
        const bits = upper[i]!;
        const values =
          dtype === 'F32' ? bits.map((one) => one & 0xffff0000) : Uint16Array.from(bits, (one) => one >>> 16);
        return { name: `module.${name}`, dtype, shape: [...shape], bytes: bytesOf(values) };
      });
      const path = join(run, `${dtype}.safetensors`);
      writeFileSync(path, rawSafetensors(rounded));
      return await json<Accuracy>('evaluate', '--weights', path, ...own, ...SETTINGS);
    }),
  );
  assert.deepEqual({ ...scores[0], target: '' }, { ...scores[1], target: '' });
  for (const [args, message] of [
    [[], /Expected a target or --weights FILE but received neither/],
    [['--weights', foreign, '--space', 'spos-shufflenet-v2-28'], /Expected --arch GENES/],
    [['--weights', foreign, run], /but received '.*' and '.*'/],
  ] as const) {
    const wrong = await singlepath(['evaluate', ...args]);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, message);
  }

  const fewer = await json<Accuracy>('evaluate', result.files.script, '--set', 'data.testImages=40');
  assert.equal(fewer.images, 40);

  const moved = join(temporaryFolder(), 'moved.pt');
  copyFileSync(result.files.script, moved);
  const refused = await singlepath(['evaluate', moved]);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /Expected architecture\.json .* beside '.*moved\.pt'.*\nhint: pass -c CONFIG/);
  assert.equal((await json<Accuracy>('evaluate', moved, ...SETTINGS)).accuracy, file.accuracy);

  const elsewhere = join(run, 'elsewhere');
  const text = await singlepath(['export', run, '--out', elsewhere, '--opset', '18', '--example']);
  assert.match(
    text.stdout,
    /^TorchScript parity on 20 images: logits differ by at most .*\n(?:ONNX parity .*\n)?.*network\.torchscript\.pt\n/,
  );
  const onnx = await json<Accuracy>('evaluate', join(elsewhere, 'network.onnx'), ...SETTINGS);
  assert.deepEqual([onnx.accuracy, onnx.images], [file.accuracy, file.images]);
  const [py, mjs] = ['example.py', 'example.mjs'].map((name) => join(elsewhere, name));
  assert.match(readFileSync(py!, 'utf8'), /onnxruntime\.InferenceSession/);
  assert.equal(spawnSync(process.execPath, ['--check', mjs!]).status, 0, 'it is a program');
  for (const [args, message] of [
    [
      ['export', run, '--arch', '0,0,0,0,0,0,0,0'],
      /Expected 0,1,2,3,3,2,1,0 for the architecture of the network/,
    ],
    [
      ['evaluate', run, '--arch', '0,0,0,0,0,0,0,0'],
      /Expected 0,1,2,3,3,2,1,0 for the architecture of the network/,
    ],
    [['evaluate', result.files.script, '--arch', '0'], /Expected no --arch for the file/],
    [['export', run, '--no-onnx', '--example'], /Expected an ONNX file for the example programs/],
  ] as const) {
    const wrong = await singlepath([...args]);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, message);
  }
  const old = await singlepath(['export', run, '--out', join(run, 'old'), '--opset', '12']);
  assert.equal(old.code, 2);
  assert.match(old.stderr, /17/);
});

test('a path of a supernet is exported with inherited weights', { skip: withoutAddon() }, async () => {
  const run = join(temporaryFolder(), 'supernet');
  await json('train', '--run-dir', run, ...SETTINGS);
  const none = await singlepath(['export', run]);
  assert.equal(none.code, 2);
  assert.match(none.stderr, /--arch GENES/);

  const { files } = await json<ExportResult>('export', run, '--arch', '3,2,1,0,0,1,2,3');
  const file = JSON.parse(readFileSync(files.architecture, 'utf8')) as ArchitectureFile;
  assert.deepEqual(file.architecture, [3, 2, 1, 0, 0, 1, 2, 3]);
  assert.equal(file.genes[0]?.label, 'xception');
  assert.equal(file.input.mean?.length, 1);
});

test('evaluate refuses what is no TorchScript file', async () => {
  const { code, stderr } = await singlepath(['evaluate', join(temporaryFolder(), 'none.pt'), ...SETTINGS]);
  assert.equal(code, 1);
  assert.match(stderr, /none\.pt/);
});

test('foreign TorchScript is run with a warning, and what it prints does not get into the result', {
  skip: withoutAddon(),
}, async () => {
  const lines = ['def forward(self, x: Tensor) -> Tensor:', '  print("{hello")'];
  lines.push('  return torch.slice(torch.flatten(x, 1), 1, 0, 10)');
  const source = `${lines.join('\n')}\n`;
  const network = { modules: [{ path: '', type: 'Foreign', source }], tensors: [] };
  const folder = temporaryFolder();
  const file = join(folder, 'network.torchscript.pt');
  writeFileSync(file, await addon().serializeScript(network));
  const evaluate = (...more: string[]) => singlepath(['evaluate', file, ...SETTINGS, '--json', ...more]);
  const warned = await evaluate();
  assert.equal(JSON.parse(warned.stdout).images, 100, warned.stderr);
  assert.match(warned.stderr, /^\{hello$/m);
  assert.match(warned.stderr, /warning: .*was not exported here/);
  assert.doesNotMatch((await evaluate('--trust')).stderr, /warning/);

  // Only the very file an export wrote beside its description is taken for it.
  const known = (bytes: Uint8Array) => {
    const sha256 = { 'network.torchscript.pt': sha256Of(bytes) };
    writeFileSync(join(folder, 'architecture.json'), JSON.stringify({ format: 1, sha256 }));
    return isExported(file);
  };
  assert.equal(known(readFileSync(file)), true);
  assert.equal(known(Buffer.from('another')), false);
  rmSync(join(folder, 'architecture.json'));
  assert.equal(isExported(file), false);
});
