import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../temporaryFolder.js';
import { withoutAddon } from './native.js';
import { MAIN, singlepath } from './run.js';

const skip = withoutAddon();
const FEW = [
  ...['space.name=spos-shufflenet-v2-28', 'data.trainImages=100', 'data.heldOut=20', 'data.testImages=8'],
  ...['train.batchSize=8', 'train.steps=6', 'train.logEvery=1', 'train.checkpointEvery=2'],
  ...['evaluate.calibrationImages=8', 'evaluate.batchSize=8', 'search.population=2', 'search.generations=1'],
].flatMap((setting) => ['--set', setting]);
const FULL = '/dev/full';

/** Runs a command whose stderr nobody reads after its first line. */
function withClosedStderr(args: readonly string[]): Promise<number | null> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr.once('data', () => child.stderr.destroy());
    child.on('close', resolve);
  });
}

/** Runs a command with stdout or stderr on a full disk. */
function onFullDisk(stream: 'stdout' | 'stderr', args: readonly string[]) {
  const full = openSync(FULL, 'w');
  return new Promise<{ code: number | null; stderr: string }>((resolve) => {
    const stdio =
      stream === 'stdout' ? (['ignore', full, 'pipe'] as const) : (['ignore', 'pipe', full] as const);
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: [...stdio] });
    let stderr = '';
    child.stderr?.on('data', (data: Buffer) => {
      stderr += data.toString();
    });
    child.stdout?.resume();
    child.on('close', (code) => resolve({ code, stderr }));
  }).finally(() => closeSync(full));
}

const finished = (run: string) => existsSync(join(run, 'result.json'));

test('train, resume and search end well where nobody reads stderr, with every file', { skip }, async () => {
  const root = temporaryFolder();
  const supernet = join(root, 'supernet');
  assert.equal(await withClosedStderr(['train', ...FEW, '-d', supernet]), 0);
  assert.ok(finished(supernet));
  assert.equal(await withClosedStderr(['train', '-d', supernet, '--resume', '--log-json']), 0);
  const search = join(root, 'search');
  assert.equal(await withClosedStderr(['search', '--supernet', supernet, ...FEW, '-d', search]), 0);
  assert.ok(finished(search));
});

test('the same where the disk under the log is full', { skip: skip || !existsSync(FULL) }, async () => {
  const supernet = join(temporaryFolder(), 'supernet');
  for (const log of [[], ['--log-json']]) {
    const { code } = await onFullDisk('stderr', ['train', ...FEW, '-d', supernet, '--resume', ...log]);
    assert.equal(code, 0);
    assert.ok(finished(supernet));
  }
});

test('a result that cannot be printed is an error in one line; the work is saved', {
  skip: skip || !existsSync(FULL),
}, async () => {
  const supernet = join(temporaryFolder(), 'supernet');
  const { code, stderr } = await onFullDisk('stdout', ['train', ...FEW, '-d', supernet, '--json', '--quiet']);
  assert.equal(code, 1);
  assert.match(stderr, /^error: Could not write the result to stdout: ENOSPC.*\n$/);
  assert.equal(JSON.parse(readFileSync(join(supernet, 'result.json'), 'utf8')).steps, 6);
  for (const args of [['space', 'list'], ['config', 'show'], ['--help'], ['--version'], ['doctor']]) {
    const failed = await onFullDisk('stdout', args);
    assert.equal(failed.code, 1, `${args}`);
    assert.match(failed.stderr, /^error: Could not write the result to stdout: ENOSPC.*\n$/, `${args}`);
  }
});

test('a reader of stdout that has seen enough is no error', async () => {
  const code = await new Promise((resolve) => {
    const child = spawn(process.execPath, [MAIN, 'config', 'show'], { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.destroy();
    child.on('close', resolve);
  });
  assert.equal(code, 0);
});

test('the full result comes through a pipe that is read late', async () => {
  const { code, stdout } = await singlepath(['config', 'schema']);
  assert.equal(code, 0);
  assert.equal(JSON.parse(stdout).type, 'object');
});
