/** Builds programs from native/ for tests: no addon, no libtorch, where it pays under the compiler's sanitizers. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/core/packageRoot.js';

export const native = join(packageRoot(), 'native');

export const sourcesIn = (folder: string): string[] =>
  readdirSync(join(native, folder))
    .filter((file) => file.endsWith('.cc'))
    .map((file) => `${folder}/${file}`);

export const sanitizer = (name: string): string[] => [`-fsanitize=${name}`, '-g'];

/** Compiles and links; fails the test with the compiler's words. */
export function build(program: string, sources: readonly string[], flags: readonly string[]): void {
  const { status, stderr } = compile(sources, flags, program);
  assert.equal(status, 0, stderr);
}

/** Not every compiler comes with every sanitizer's runtime, and not every system runs it. */
export function works(flags: readonly string[], folder: string): boolean {
  const [source, program] = [join(folder, 'empty.cc'), join(folder, 'empty')];
  writeFileSync(source, 'int main() { return 0; }\n');
  return compile([source], flags, program).status === 0 && run(program).status === 0;
}

export function run(program: string, ...args: string[]) {
  return spawnSync(program, args, { encoding: 'utf8', cwd: native });
}

function compile(sources: readonly string[], flags: readonly string[], program: string) {
  const options = ['-std=c++17', '-O1', ...flags, '-I.', '-o', program];
  return run(process.env.CXX ?? 'c++', ...options, ...sources, '-lz', '-ljpeg', '-lpng', '-pthread');
}
