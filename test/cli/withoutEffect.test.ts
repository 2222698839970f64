/** Whoever types an option means something by it: one that would decide nothing is refused. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeTable } from '../../src/latency/format/files.js';
import type { RuntimeName } from '../../src/latency/table.js';
import { getSpace } from '../../src/space/spaces/catalog.js';
import { pictures, writeFiles } from '../data/pictures.js';
import { madeUpTable } from '../latency/tables.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { withoutAddon } from './native.js';
import { singlepath } from './run.js';
import { writeTiny } from './tiny.js';

async function refused(args: readonly string[], pattern: RegExp): Promise<void> {
  const { code, stderr } = await singlepath(args);
  assert.equal(code, 2, `${args.join(' ')}: ${stderr}`);
  assert.match(stderr, pattern);
}

test('options without the one they belong to', async () => {
  const [max, share] = [['--max-broken', '0.1'], /Expected --policy skip beside --max-broken/] as const;
  await refused(['data', 'verify', 'photos', ...max], share);
  await refused(['data', 'pack', 'photos', 'photos.spk', ...max, '--policy', 'error'], share);
  for (const packed of [
    ['--opset', '18'],
    ['--onnx-weights', 'packed'],
  ])
    await refused(['export', 'run', '--no-onnx', ...packed], /cannot be used with option '--no-onnx'/);
  await refused(['build', '--install-system-packages'], /Expected --install-libtorch beside/);
});

test('options of a device that does not measure, or decides by itself', async () => {
  for (const [typed, pattern] of [
    ['--device=cuda', /Expected --runner beside --device, .*\nhint: .*--set runtime\.device=cuda/],
    ['--runner-pattern=x', /Expected --runner beside --runner-pattern/],
    ['--token-file=x', /Expected --agent beside --token-file/],
    ['--tls-ca=x', /Expected --agent beside --tls-ca/],
    ['--insecure-plaintext', /Expected --agent beside --insecure-plaintext/],
    ['--agent=x:1 --tls-ca=x --insecure-plaintext', /Expected one of both for --tls-ca and/],
    ['--runner=x --runtime=torchscript', /Expected a device without --runner beside --runtime/],
    ['--runner=x --kernels=aten', /Expected a device without --runner beside --kernels/],
    ...['latency.samples=9', 'latency.runtime=torchscript', 'runtime.device=cuda'].map(
      (setting) =>
        [
          `--runner=x --set=${setting}`,
          new RegExp(`Expected a device without --runner beside --set ${setting}`),
        ] as const,
    ),
    ['--set=runtime.threads=4', /Expected latency\.threads in place of --set runtime\.threads=4/],
    ['--set=runtime.precision=bf16', /Expected latency\.dtype in place of --set runtime\.precision=bf16/],
    [
      '--runtime=torchscript --set=runtime.kernels=aten',
      /Expected latency\.runtime singlepath beside --set runtime\.kernels=aten/,
    ],
    ['--runtime=onnxruntime --set=runtime.device=cuda', /Expected cpu, on which onnxruntime measures, for/],
  ] as const) {
    const measure = ['latency', 'measure', '--space', 'nas-bench-macro', '--out', 'x.lut'];
    await refused([...measure, ...typed.split(' ')], pattern);
  }
  await refused(['latency', 'show', 'x.lut', '--arch', '0,1'], /Expected --svg FILE beside --arch/);
});

test('options that what measured a table decides', async () => {
  const folder = temporaryFolder();
  const tableOf = async (runtime: RuntimeName) => {
    const path = join(folder, `${runtime}.lut`);
    const { header, rows } = madeUpTable(getSpace('nas-bench-macro'));
    await writeTable(path, {
      header: { ...header, environment: { ...header.environment, runtime } },
      rows,
    });
    return path;
  };
  const [script, runner] = [await tableOf('torchscript'), await tableOf('runner')];
  for (const command of ['verify', 'calibrate']) {
    const on = (...args: string[]) => ['latency', command, ...args, '--set', 'runtime.kernels=aten'];
    await refused(on(script), /Expected latency\.runtime singlepath beside --set runtime\.kernels/);
    await refused(on(runner, '--trust'), /Expected a device without --runner beside --set runtime\.kernels/);
  }
});

test('an architecture for a network without genes', async () => {
  const baseline = ['--set', 'space.name=spos-shufflenet-v2-baseline'];
  const run = join(temporaryFolder(), 'network');
  await refused(['retrain', ...baseline, '--arch', '0,1', '-d', run], /Expected 0 genes .* received 2/);
  assert.ok(!existsSync(run));
});

test('a quality of images that are not encoded again', { skip: withoutAddon() }, async () => {
  const folder = temporaryFolder();
  writeFiles(join(folder, 'photos'), pictures('', ['cat', 'dog'], 2, 24));
  const pack = ['data', 'pack', join(folder, 'photos'), join(folder, 'photos.spk'), '--quality', '80'];
  await refused(
    pack,
    /Expected none for quality, as without resize images keep their bytes, but received 80/,
  );
  await refused([...pack, '--resize', '16', '--raw'], /Expected none for quality, as raw keeps pixels/);
  assert.equal((await singlepath([...pack, '--resize', '16'])).code, 0);
});

test('settings of an ONNX file that the run switches off are named', { skip: withoutAddon() }, async () => {
  const folder = temporaryFolder();
  const { config } = writeTiny(folder);
  const run = join(folder, 'network');
  const retrained = await singlepath([
    ...['retrain', '-c', config, '--arch', '0,1', '-d', run],
    ...['--set', 'export.onnx=false'],
  ]);
  assert.equal(retrained.code, 0, retrained.stderr);
  const { code, stderr } = await singlepath(['export', run, '--opset', '18']);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /warning: --opset: export\.opset has no effect, as export\.onnx is false/);
});

test('settings of a search are refused by what searches alone', { skip: withoutAddon() }, async () => {
  const folder = temporaryFolder();
  const { config } = writeTiny(folder);
  const given = ['-c', config, '--set', 'search.objectives=[accuracy, params]'];
  await refused(
    ['run', ...given, '-d', join(folder, 'run')],
    /--set search\.objectives=.*: Expected no search\.objectives, as search\.algorithm is "evolution"/,
  );
  const { code, stderr } = await singlepath(['train', ...given, '-d', join(folder, 'supernet')]);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /search\.objectives has no effect/);
});
