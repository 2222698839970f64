import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { describeTried, findLibtorch } from '../../src/runtime/libtorch.js';

const folder = mkdtempSync(join(tmpdir(), 'singlepath-libtorch-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A folder that looks like libtorch from outside. */
function fakeLibtorch(name: string, version: string, libraries = ['torch', 'torch_cpu', 'c10']): string {
  const path = join(folder, name);
  mkdirSync(join(path, 'include', 'torch', 'headeronly'), { recursive: true });
  mkdirSync(join(path, 'lib'), { recursive: true });
  const [major, minor, patch] = version.split('.');
  const lines = [`MAJOR ${major}`, `MINOR ${minor}`, `PATCH ${patch}`].map(
    (end) => `#define TORCH_VERSION_${end}\n`,
  );
  writeFileSync(join(path, 'include', 'torch', 'headeronly', 'version.h'), lines.join(''));
  for (const library of libraries) writeFileSync(join(path, 'lib', `lib${library}.so`), '');
  return path;
}

/** A PATH on which python3 prints `torch` as the place of its torch, or fails. */
function fakePython(name: string, torch: string | undefined): string {
  const bin = join(folder, name);
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'python3'), `#!/bin/sh\n${torch === undefined ? 'exit 1' : `echo '${torch}'`}\n`);
  chmodSync(join(bin, 'python3'), 0o755);
  return bin;
}

const inPython = fakeLibtorch('site-packages/torch', '2.5.1');
const withTorch = fakePython('with-torch', inPython);
const withoutTorch = fakePython('without-torch', undefined);

test('LIBTORCH comes first; the folder itself or the one above it may be named', () => {
  const path = fakeLibtorch('unpacked/libtorch', '2.13.0');
  for (const LIBTORCH of [path, join(folder, 'unpacked')]) {
    const { found } = findLibtorch({ LIBTORCH, PATH: withTorch });
    assert.deepEqual(found, { source: 'LIBTORCH', path, version: '2.13.0', cuda: false });
  }
});

test("then the active Python's torch", () => {
  const { found, tried } = findLibtorch({ PATH: withTorch });
  assert.deepEqual(found, { source: 'python', path: inPython, version: '2.5.1', cuda: false });
  assert.equal(tried[0]!.result, 'not set');
});

test('a LIBTORCH that is none is passed over, and the report says why', () => {
  const broken = fakeLibtorch('broken', '2.13.0', ['c10']);
  const { found, tried } = findLibtorch({ LIBTORCH: broken, PATH: withTorch });
  assert.equal(found?.source, 'python');
  assert.equal(
    describeTried(tried),
    `  LIBTORCH  ${broken}: headers but no libtorch_cpu library\n  python    ${inPython}: libtorch 2.5.1`,
  );
});

test('a CUDA build is recognized', () => {
  const LIBTORCH = fakeLibtorch('cuda', '2.14.1', ['torch', 'torch_cpu', 'torch_cuda', 'c10', 'c10_cuda']);
  assert.equal(findLibtorch({ LIBTORCH, PATH: '' }).found?.cuda, true);
});

test('the project and the system come last, in this order', () => {
  const { tried } = findLibtorch({ PATH: withoutTorch });
  const sources = [...new Set(tried.map(({ source }) => source))];
  assert.deepEqual(sources, ['LIBTORCH', 'python', 'project', 'system'].slice(0, sources.length));
  assert.ok(sources.length >= 3);
  assert.equal(tried[1]!.result, 'python3 has no torch');
});
