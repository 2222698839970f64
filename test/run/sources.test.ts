import assert from 'node:assert/strict';
import { mkdirSync, realpathSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { RunDirectory } from '../../src/run/directory.js';
import { readHeader } from '../../src/run/header.js';
import { sourcePath } from '../../src/run/sources.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { tinySpace } from './fixtures.js';

async function noted(runDir: string, supernet: string, resume = false): Promise<string> {
  const options = { kind: 'search' as const, space: tinySpace(), config: {}, sources: { supernet }, resume };
  (await RunDirectory.open(runDir, options)).dispose();
  return readHeader(runDir).sources.supernet!;
}

/** `near/` is a link to `far/away/`, as a folder of runs is that lies on another disk. */
function linked(): { near: string; far: string; supernet: string } {
  const root = realpathSync(temporaryFolder());
  const [near, far, supernet] = [join(root, 'near'), join(root, 'far', 'away'), join(root, 'supernet')];
  mkdirSync(far, { recursive: true });
  mkdirSync(supernet);
  symlinkSync(far, near);
  return { near, far, supernet };
}

test('what a run builds on is found by every name of its directory', async () => {
  const { near, far, supernet } = linked();
  const place = await noted(join(near, 'search'), supernet);
  for (const name of [near, far])
    assert.equal(realpathSync(sourcePath(join(name, 'search'), place)), supernet);
});

test('a place that was counted from a link, as earlier versions did, is found from that link', async () => {
  const { near, supernet } = linked();
  mkdirSync(join(near, 'search'));
  assert.equal(sourcePath(join(near, 'search'), '../../supernet'), supernet);
});

test('a link to what a run builds on keeps its name, and both may be moved together', async () => {
  const { near, far } = linked();
  mkdirSync(join(far, 'blob'));
  symlinkSync(join(far, 'blob'), join(far, 'weights.safetensors'));
  assert.equal(
    await noted(join(near, 'search'), join(near, 'weights.safetensors')),
    '../weights.safetensors',
  );
  renameSync(far, `${far}-moved`);
  const moved = sourcePath(join(`${far}-moved`, 'search'), '../weights.safetensors');
  assert.equal(moved, join(`${far}-moved`, 'weights.safetensors'));
});

test('a run that goes on notes where what it builds on lies now', async () => {
  const { far, supernet } = linked();
  const search = join(far, 'search');
  await noted(search, supernet);
  renameSync(supernet, `${supernet}-moved`);
  assert.equal(await noted(search, `${supernet}-moved`, true), '../../../supernet-moved');
});
