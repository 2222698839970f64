import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
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

/** Starts a training and sends signals once it logs. */
function interrupted(args: readonly string[], signals: readonly NodeJS.Signals[]) {
  return new Promise<{ code: number | null; stderr: string }>((resolve) => {
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    let sent = false;
    child.stderr.on('data', (data: Buffer) => {
      stderr += data.toString();
      if (sent || !/supernet \d+\//.test(stderr)) return;
      sent = true;
      for (const signal of signals) child.kill(signal);
    });
    child.on('close', (code) => resolve({ code, stderr }));
  });
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`${signal} stops with a checkpoint and ${code}; --resume gives the identical result`, {
    skip,
  }, async () => {
    const runDir = join(temporaryFolder(), 'run');
    const stopped = await interrupted([...TRAIN, '--run-dir', runDir], [signal]);
    assert.equal(stopped.code, code, stopped.stderr);
    assert.match(stopped.stderr, /Stopped after step \d+ of 60/);
    assert.match(stopped.stderr, /hint: the checkpoint is saved in .*--resume/);

    const resumed = await singlepath(['train', '--run-dir', runDir, '--resume', '--json']);
    assert.equal(resumed.code, 0, resumed.stderr);
    const whole = join(temporaryFolder(), 'run');
    assert.equal((await singlepath([...TRAIN, '--run-dir', whole, '--quiet'])).code, 0);
    const weights = (folder: string) => JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8')).weights;
    assert.equal(weights(runDir), weights(whole));
  });
}

test('a second signal ends the process at once', { skip }, async () => {
  const runDir = join(temporaryFolder(), 'run');
  const { code } = await interrupted(
    [...TRAIN, '--set', 'train.steps=100000', '-d', runDir],
    ['SIGINT', 'SIGINT'],
  );
  assert.equal(code, 130);
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
