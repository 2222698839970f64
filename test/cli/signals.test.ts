import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { addon } from '../../src/runtime/addon.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { withoutAddon } from './native.js';
import { MAIN, singlepath } from './run.js';

const skip = withoutAddon();
const TRAIN = [
  'train',
  ...[
    'space.name=spos-shufflenet-v2-28',
    'data.trainImages=300',
    'data.heldOut=50',
    'train.batchSize=16',
  ].flatMap((setting) => ['--set', setting]),
  ...['--set', 'train.steps=60', '--set', 'train.learningRate=0.05', '--set', 'train.logEvery=5'],
];

/** Starts a command and sends it signals as soon as `ready` holds; its exit code as a shell sees it. */
function interrupted(
  args: readonly string[],
  signals: readonly NodeJS.Signals[],
  ready: (stderr: string) => boolean = (stderr) => /supernet \d+\//.test(stderr),
) {
  return new Promise<{ code: number | null; stderr: string }>((resolve) => {
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (data: Buffer) => {
      stderr += data.toString();
    });
    // One after the other is answered: two at once would arrive as one.
    let sent = 0;
    const watch = setInterval(() => {
      if (sent === 0 ? !ready(stderr) : !stderr.includes(`${signals[sent - 1]}: stopping`)) return;
      child.kill(signals[sent]!);
      if (++sent === signals.length) clearInterval(watch);
    }, 10);
    child.on('close', (code, signal) => {
      clearInterval(watch);
      resolve({ code: signal === null ? code : 128 + constants.signals[signal], stderr });
    });
  });
}

const weights = (folder: string): string =>
  JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8')).weights;
let undisturbed: Promise<string> | undefined;

/** The weights of a training that nothing stopped. */
async function whole(): Promise<string> {
  const runDir = join(temporaryFolder(), 'run');
  assert.equal((await singlepath([...TRAIN, '--run-dir', runDir, '--quiet'])).code, 0);
  return weights(runDir);
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  test(`${signal} stops with a checkpoint and ${code}; --resume gives the identical result`, {
    skip,
  }, async () => {
    const runDir = join(temporaryFolder(), 'run');
    const stopped = await interrupted([...TRAIN, '--run-dir', runDir], [signal]);
    assert.equal(stopped.code, code, stopped.stderr);
    assert.match(
      stopped.stderr,
      new RegExp(`^${signal}: stopping with a checkpoint of the present step; once`, 'm'),
    );
    assert.match(stopped.stderr, /Stopped after step \d+ of 60/);
    assert.match(stopped.stderr, /hint: the checkpoint is saved in .*--resume/);

    const resumed = await singlepath(['train', '--run-dir', runDir, '--resume', '--json']);
    assert.equal(resumed.code, 0, resumed.stderr);
    undisturbed ??= whole();
    assert.equal(weights(runDir), await undisturbed);
  });
}

test('a second signal waits for nothing: the step is dropped, the last checkpoint stands', {
  skip,
}, async () => {
  const runDir = join(temporaryFolder(), 'run');
  const checkpoint = join(runDir, 'checkpoints', 'step-0000001');
  // Steps of a second or more, so that both signals come inside one.
  const long = ['train.steps=2', 'train.accumulate=80', 'train.checkpointEvery=1'];
  const args = [...TRAIN, ...long.flatMap((setting) => ['--set', setting]), '-d', runDir];
  const { code, stderr } = await interrupted(args, ['SIGINT', 'SIGINT'], () => existsSync(checkpoint));
  assert.equal(code, 130);
  assert.doesNotMatch(stderr, /Stopped after/);
  assert.deepEqual(
    readdirSync(join(runDir, 'checkpoints')).filter((name) => name.startsWith('step')),
    ['step-0000001'],
  );
  const resumed = await singlepath(['train', '--run-dir', runDir, '--resume']);
  assert.equal(resumed.code, 0, resumed.stderr);
});

test('TorchScript that never returns is ended by one signal', { skip }, async () => {
  // What is returned depends on the loop: one without an effect is sometimes removed by the compiler.
  const lines = ['def forward(self, x: Tensor) -> Tensor:', '  print("begun")'];
  lines.push('  while bool(torch.lt(torch.min(x), 1000.0)):', '    x = x * 1.0', '  return x');
  const file = join(temporaryFolder(), 'endless.pt');
  const network = { path: '', type: 'Endless', source: `${lines.join('\n')}\n` };
  writeFileSync(file, await addon().serializeScript({ modules: [network], tensors: [] }));
  const config = ['space.name=spos-shufflenet-v2-28', 'data.testImages=8'].flatMap((set) => ['--set', set]);
  const begun = (stderr: string) => stderr.includes('begun');
  const { code, stderr } = await interrupted(['evaluate', file, ...config], ['SIGTERM'], begun);
  assert.equal(code, 143, stderr);
  assert.match(stderr, /warning: .*endless\.pt' was not exported here, and TorchScript is a program/);
});

test('a run directory is not silently reused, nor resumed with other settings', { skip }, async () => {
  const runDir = join(temporaryFolder(), 'run');
  const short = [...TRAIN, '--set', 'train.steps=2', '--run-dir', runDir];
  const first = await singlepath([...short, '--json', '--quiet']);
  assert.equal(first.code, 0, first.stderr);
  assert.equal(first.stderr, '', '--quiet');
  assert.equal(JSON.parse(first.stdout).steps, 2);
  const again = await singlepath(short);
  assert.equal(again.code, 2);
  assert.match(again.stderr, /--resume/);
  const other = await singlepath([...short, '--resume', '--set', 'train.learningRate=0.01']);
  assert.equal(other.code, 2);
  assert.match(other.stderr, /learningRate: 0\.05 there, 0\.01 here/);
});
