/** Tests of the native core that need no addon, in programs of their own under the compiler's sanitizers. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { packageRoot } from '../../src/runtime/addon.js';

const native = join(packageRoot(), 'native');
const dataSources = readdirSync(join(native, 'data'))
  .filter((file) => file.endsWith('.cc'))
  .map((file) => `data/${file}`);

const PROGRAMS = [
  { name: 'arena', sanitizer: 'address,undefined', sources: ['core/arena.cc', 'core/test/arena_test.cc'] },
  { name: 'loader', sanitizer: 'thread', sources: [...dataSources, 'data/test/loader_test.cc'] },
];

describe('under sanitizers', () => {
  const folder = mkdtempSync(join(tmpdir(), 'singlepath-'));
  after(() => rmSync(folder, { recursive: true }));

  function run(program: string, ...args: string[]) {
    return spawnSync(program, args, { encoding: 'utf8', cwd: native });
  }

  function compile(sources: string[], sanitizer: string, program: string) {
    const flags = ['-std=c++17', '-g', '-O1', `-fsanitize=${sanitizer}`, '-I.', '-o', program];
    return run(process.env['CXX'] ?? 'c++', ...flags, ...sources, '-lz', '-pthread');
  }

  // Not every compiler comes with every sanitizer's runtime, and not every kernel runs it.
  function works(sanitizer: string): boolean {
    const [source, program] = [join(folder, 'empty.cc'), join(folder, 'empty')];
    writeFileSync(source, 'int main() { return 0; }\n');
    return compile([source], sanitizer, program).status === 0 && run(program).status === 0;
  }

  for (const { name, sanitizer, sources } of PROGRAMS) {
    test(`${name} (${sanitizer})`, (context) => {
      if (!works(sanitizer)) return context.skip(`this compiler has no -fsanitize=${sanitizer}`);
      const program = join(folder, name);
      const built = compile(sources, sanitizer, program);
      assert.equal(built.status, 0, built.stderr);
      const result = run(program);
      assert.equal(result.status, 0, result.stdout + result.stderr);
    });
  }
});
