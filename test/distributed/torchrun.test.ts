import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { RandomStream } from '../../src/core/rng.js';
import { withoutAddon } from '../cli/native.js';
import { MAIN } from '../cli/run.js';
import { writeTiny } from '../cli/tiny.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { codes, printed, type Rank, start, startRanks } from './ranks.js';

const PYTHON = process.env.SINGLEPATH_PYTHON ?? 'python3';
const KILLS = 3;
const SEED = 20261126;
const root = temporaryFolder();
const { config } = writeTiny(join(root, 'tiny'));
const set = (...settings: string[]) => settings.flatMap((setting) => ['--set', setting]);
const TRAIN = [
  'train',
  '-c',
  config,
  ...set('train.steps=400', 'train.checkpointEvery=20', 'train.logEvery=5'),
];

function withoutTorchrun(): string | false {
  try {
    execFileSync(PYTHON, ['-c', 'import torch.distributed.run'], { stdio: 'ignore' });
    return false;
  } catch {
    return `no torch in ${PYTHON}: SINGLEPATH_PYTHON names a Python that has torchrun`;
  }
}
const skip = withoutAddon() || withoutTorchrun();

const torchrun = (args: readonly string[], ...options: string[]): Rank =>
  start(PYTHON, [
    ...['-m', 'torch.distributed.run', '--standalone', '--nproc-per-node=2', ...options],
    ...['--no-python', process.execPath, MAIN, ...args],
  ]);

/** Processes of the ranks. */
function workers({ child }: Rank): number[] {
  const file = `/proc/${child.pid}/task/${child.pid}/children`;
  const children = existsSync(file) ? readFileSync(file, 'utf8').trim().split(' ').filter(Boolean) : [];
  return children.map(Number).filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(MAIN));
}

const weights = (folder: string): string =>
  JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8')).weights;

test(`a training of two ranks under torchrun, killed ${KILLS} times at random, ends with the weights of an undisturbed one`, {
  skip,
}, async () => {
  const whole = await startRanks(2, [...TRAIN, '-d', join(root, 'whole'), '-q']);
  assert.deepEqual(await codes(whole), [0, 0]);

  const runDir = join(root, 'killed');
  const run = torchrun([...TRAIN, '-d', runDir], `--max-restarts=${KILLS}`);
  const random = new RandomStream(SEED, 'test', 0);
  let before: number[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    let ranks: number[] = [];
    while (ranks.length < 2 || ranks.some((pid) => before.includes(pid))) {
      assert.equal(run.child.exitCode, null, run.stderr);
      await sleep(10);
      ranks = workers(run);
    }
    const said = run.stderr.length;
    while (!/supernet \d+\//.test(run.stderr.slice(said))) {
      assert.equal(run.child.exitCode, null, run.stderr);
      await sleep(10);
    }
    await sleep(random.integer(400));
    process.kill(ranks[random.integer(2)]!, 'SIGKILL'); // torchrun ends the other rank, and starts both again
    before = ranks;
  }
  assert.equal(await run.code, 0, run.stderr);
  assert.equal(weights(runDir), weights(join(root, 'whole')));
});

test('ranks whose torchrun was killed end', { skip }, async () => {
  const run = torchrun([...TRAIN, ...set('train.steps=1000000'), '-d', join(root, 'orphans')]);
  await printed(run, /supernet \d+\//);
  const ranks = workers(run);
  assert.equal(ranks.length, 2);
  run.child.kill('SIGKILL');
  for (let waited = 0; ranks.some((pid) => existsSync(`/proc/${pid}`)); waited++) {
    assert.ok(waited < 3000, 'they are still there');
    await sleep(10);
  }
  await run.code;
  assert.match(run.stderr, /error: rank \d of 2, step \d+: the launcher \(torchrun\) is gone/);
});

test('Ctrl-C at torchrun stops with one checkpoint', { skip }, async () => {
  const run = torchrun([...TRAIN, ...set('train.steps=1000000'), '-d', join(root, 'stopped')]);
  await printed(run, /supernet \d+\//);
  run.child.kill('SIGINT');
  assert.notEqual(await run.code, 0);
  const steps = [...run.stderr.matchAll(/Stopped after step (\d+) of/g)].map(([, step]) => step);
  assert.equal(new Set(steps).size, 1, run.stderr);
  const checkpoint = `step-${steps[0]!.padStart(7, '0')}`;
  assert.ok(existsSync(join(root, 'stopped', 'checkpoints', checkpoint, 'state.json')));
});
