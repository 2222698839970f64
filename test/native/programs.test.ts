/** Tests of the native core that need no addon: programs of their own, where it pays under the compiler's sanitizers. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { packageRoot } from '../../src/core/packageRoot.js';
import { temporaryFolder } from '../temporaryFolder.js';

const native = join(packageRoot(), 'native');
/** The kernels as the addon has them: an archive its build leaves behind. */
const kernels = join(packageRoot(), 'build', 'native', 'ops', 'cpu', 'libsinglepath_kernels.a');

const sourcesIn = (folder: string): string[] =>
  readdirSync(join(native, folder))
    .filter((file) => file.endsWith('.cc'))
    .map((file) => `${folder}/${file}`);

describe('native programs', () => {
  const folder = temporaryFolder();

  test('arena', (context) => {
    const flags = sanitizer('address,undefined');
    if (!works(flags)) return context.skip(`this compiler has no ${flags[0]}`);
    passes('arena', ['core/arena.cc', 'core/test/arena_test.cc'], flags);
  });

  test('loader threads', (context) => {
    const flags = sanitizer('thread');
    if (!works(flags)) return context.skip(`this compiler has no ${flags[0]}`);
    passes('loader', [...sourcesIn('data'), 'data/test/loader_test.cc'], flags);
  });

  test('CPU kernels on every instruction set of this machine', (context) => {
    if (!existsSync(kernels)) return context.skip(`no ${kernels}: the addon was not built here`);
    passes('kernels', [...sourcesIn('ops/cpu/test'), kernels], []);
  });

  function passes(name: string, sources: string[], flags: string[]): void {
    const program = join(folder, name);
    const built = compile(sources, flags, program);
    assert.equal(built.status, 0, built.stderr);
    const { status, stdout, stderr } = run(program);
    assert.equal(status, 0, stdout + stderr);
  }

  // Not every compiler comes with every sanitizer's runtime, and not every system runs it.
  function works(flags: string[]): boolean {
    const [source, program] = [join(folder, 'empty.cc'), join(folder, 'empty')];
    writeFileSync(source, 'int main() { return 0; }\n');
    return compile([source], flags, program).status === 0 && run(program).status === 0;
  }
});

const sanitizer = (name: string): string[] => [`-fsanitize=${name}`, '-g'];

function compile(sources: string[], flags: string[], program: string) {
  const options = ['-std=c++17', '-O1', ...flags, '-I.', '-o', program];
  return run(process.env.CXX ?? 'c++', ...options, ...sources, '-lz', '-pthread');
}

function run(program: string, ...args: string[]) {
  return spawnSync(program, args, { encoding: 'utf8', cwd: native });
}
