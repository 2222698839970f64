import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { SinglePathError } from '../../src/core/errors.js';
import { Checkpoints, readCheckpoint } from '../../src/run/checkpoints.js';
import { spaceHash } from '../../src/space/hash.js';
import { freshPath, tensor, tinySpace } from './fixtures.js';

const network = { spaceHash: spaceHash(tinySpace()), spaceName: 'tiny' };
const open = (path = freshPath(), keep = 3) =>
  new Checkpoints(path, network, { node: process.versions.node }, keep);
const weights = (step: number) => [tensor('w', step, step + 0.5), tensor('optimizer.w', -step, 0)];
const never = (error: SinglePathError) => assert.fail(error.message);

test('a checkpoint reads back what was saved, and only the newest are kept', async () => {
  const checkpoints = open(freshPath(), 2);
  assert.equal(checkpoints.newest(never), undefined);
  for (const step of [10, 20, 30]) await checkpoints.save(step, { seen: step }, weights(step));
  assert.deepEqual(readdirSync(checkpoints.path).sort(), ['step-0000020', 'step-0000030']);
  const { step, state, tensors, spaceName } = checkpoints.newest(never)!;
  assert.deepEqual(
    { step, state, tensors, spaceName },
    { step: 30, state: { seen: 30 }, tensors: weights(30), spaceName: 'tiny' },
  );
});

test('a named checkpoint stays, and saving the same step again replaces it', async () => {
  const checkpoints = open(freshPath(), 1);
  await checkpoints.save(1, 'first', weights(1), 'best');
  for (const step of [1, 2]) await checkpoints.save(step, step, weights(step));
  await checkpoints.save(2, 'again', weights(7));
  assert.deepEqual(readdirSync(checkpoints.path).sort(), ['best', 'step-0000002']);
  assert.equal(checkpoints.newest(never)!.state, 'again');
  assert.deepEqual(readCheckpoint(join(checkpoints.path, 'best'), network).tensors, weights(1));
});

test('searches save state without tensors', async () => {
  const checkpoints = open();
  await checkpoints.save(4, { generation: 3 });
  assert.deepEqual(readdirSync(join(checkpoints.path, 'step-0000004')), ['state.json']);
  assert.deepEqual(checkpoints.newest(never)!.tensors, []);
});

const damages: [string, (folder: string) => void, RegExp][] = [
  [
    'truncated weights',
    (f) => truncateSync(join(f, 'weights.safetensors'), 60),
    /weights\.safetensors' but it has 60/,
  ],
  [
    'a flipped bit',
    (f) => flip(join(f, 'weights.safetensors')),
    /SHA-256.*weights\.safetensors' but its content differs/,
  ],
  ['no weights', (f) => rmSync(join(f, 'weights.safetensors')), /weights\.safetensors' but there is none/],
  ['no state', (f) => rmSync(join(f, 'state.json')), /state\.json' but there is none/],
  ['a cut state', (f) => truncateSync(join(f, 'state.json'), 30), /Expected JSON in .*state\.json'/],
  [
    'a foreign format',
    (f) => writeFileSync(join(f, 'state.json'), '{"epoch": 3}'),
    /format 1 in .*state\.json'/,
  ],
];
for (const [what, damage, message] of damages) {
  test(`${what}: named, and the newest valid checkpoint is used only with saying so`, async () => {
    const checkpoints = open();
    await checkpoints.save(10, null, weights(10));
    await checkpoints.save(20, null, weights(20));
    damage(join(checkpoints.path, 'step-0000020'));
    assert.throws(() => readCheckpoint(join(checkpoints.path, 'step-0000020'), network), {
      code: 'INVALID_CHECKPOINT',
      message,
    });
    const skipped: string[] = [];
    assert.equal(checkpoints.newest((error) => skipped.push(error.message))!.step, 10);
    assert.equal(skipped.length, 1);
    assert.match(skipped[0]!, message);

    damage(join(checkpoints.path, 'step-0000010'));
    assert.throws(() => checkpoints.newest(() => {}), { code: 'INVALID_CHECKPOINT', message: /but none is/ });
  });
}

test("another space's checkpoint is refused with both names", async () => {
  const checkpoints = open();
  await checkpoints.save(1, null, weights(1));
  const other = { spaceHash: spaceHash(tinySpace(100)), spaceName: 'tiny-100' };
  assert.throws(
    () => new Checkpoints(checkpoints.path, other, {}, 3).newest(() => {}),
    (error: SinglePathError) => {
      assert.match((error.cause as Error).message, /space 'tiny-100'.*belongs to 'tiny'/);
      assert.match(error.hint!, /the space, input size and classes it was trained with/);
      return error.code === 'INVALID_CHECKPOINT';
    },
  );
});

test('the hash of a space follows its network, not its name', () => {
  assert.equal(spaceHash(tinySpace(10, 'renamed')), spaceHash(tinySpace(10)));
  assert.notEqual(spaceHash(tinySpace(11)), spaceHash(tinySpace(10)));
});

test('what a killed process leaves is removed, and a half-done replacement undone', async () => {
  const checkpoints = open();
  await checkpoints.save(10, 'kept', weights(10));
  const at = (name: string) => join(checkpoints.path, name);
  mkdirSync(at('.tmp-step-0000020-123'));
  writeFileSync(join(at('.tmp-step-0000020-123'), 'weights.safetensors'), 'half');
  renameSync(at('step-0000010'), at('.old-step-0000010')); // killed between the two renames
  cpSync(at('.old-step-0000010'), at('.tmp-step-0000010-123'), { recursive: true });
  await checkpoints.clean();
  assert.deepEqual(readdirSync(checkpoints.path), ['step-0000010']);
  assert.equal(checkpoints.newest(never)!.state, 'kept');
});

test('a path through a file is an IO error', async () => {
  const path = freshPath();
  writeFileSync(path, '');
  await assert.rejects(open(join(path, 'checkpoints')).save(1, null, weights(1)), { code: 'IO' });
});

test('a full disk: IO with a hint, nothing half-written, the checkpoint before intact', async (t) => {
  const mount = freshPath();
  mkdirSync(mount);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', mount], { stdio: 'ignore' });
  } catch {
    t.skip('no permission to mount a small tmpfs');
    return;
  }
  try {
    const checkpoints = open(join(mount, 'checkpoints'));
    await checkpoints.save(10, 'good', weights(10));
    const large = [{ name: 'w', shape: [100_000], data: new Float32Array(100_000) }];
    await assert.rejects(checkpoints.save(20, null, large), { code: 'IO', hint: /disk is full/ });
    assert.deepEqual(readdirSync(checkpoints.path), ['step-0000010']);
    assert.equal(checkpoints.newest(never)!.state, 'good');
  } finally {
    execFileSync('umount', [mount]);
  }
});

function flip(file: string): void {
  const bytes = readFileSync(file);
  bytes[bytes.length - 3]! ^= 1;
  writeFileSync(file, bytes);
}

test('the temporary folder is gone when a state cannot be written as JSON', async () => {
  const checkpoints = open();
  const circular: { self?: unknown } = {};
  circular.self = circular;
  await assert.rejects(checkpoints.save(1, circular, weights(1)));
  assert.ok(existsSync(checkpoints.path));
  assert.deepEqual(readdirSync(checkpoints.path), []);
});
