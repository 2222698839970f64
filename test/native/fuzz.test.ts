/**
 * Damaged files under the address sanitizer: each reader either reads an input or says what is wrong with it. The inputs
 * are a function of a fixed seed. SINGLEPATH_FUZZ sets their number and SINGLEPATH_FUZZ_SEED the seed: `npm run fuzz` goes
 * on for longer with them.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { accessSync, constants, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { temporaryFolder } from '../temporaryFolder.js';
import { build, sanitizer, sourcesIn, works } from './compile.js';

const inputs = Number(process.env.SINGLEPATH_FUZZ ?? 2000);
const seed = process.env.SINGLEPATH_FUZZ_SEED ?? '0';
const env = { ...process.env, TMPDIR: inMemory() ?? process.env.TMPDIR };

// Two readers at a time: this is the longest of all test files.
describe('fuzzing the readers', { concurrency: 2 }, () => {
  const folder = temporaryFolder();
  const program = join(folder, 'fuzz');
  const flags = sanitizer('address');
  let built = false;

  before(() => {
    if (!works(flags, folder)) return;
    // One source file for the compiler: most of its work is the standard library's headers.
    const folders = ['data', 'data/image', 'data/sources', 'data/test/fuzz'];
    const sources = folders.flatMap(sourcesIn);
    const all = join(folder, 'all.cc');
    writeFileSync(all, sources.map((source) => `#include "${source}"\n`).join(''));
    build(program, [all], flags);
    built = true;
  });

  for (const reader of [
    'tar',
    'webdataset',
    'csv',
    'packed',
    'journal',
    'jpeg',
    'png',
    'idx',
    'cifar',
    'gzip',
  ]) {
    test(reader, async (context) => {
      if (!built) return context.skip(`this compiler has no ${flags[0]}`);
      const { stdout } = await promisify(execFile)(program, [reader, String(inputs), seed], { env }).catch(
        ({ message, stderr }) => assert.fail(`${message.slice(0, 200)}\n${String(stderr).slice(-4000)}`),
      );
      // Both ways must have been taken, or the inputs are no test.
      const [, read, refused] = /, (\d+) read, (\d+) refused/.exec(stdout) ?? [];
      assert.ok(Number(read) > 0 && Number(refused) > 0, stdout);
    });
  }
});

/** A folder in memory: on a disk, cutting and writing the same few small files waits for it most of the time. */
function inMemory(): string | undefined {
  try {
    accessSync('/dev/shm', constants.W_OK);
    return '/dev/shm';
  } catch {
    return undefined;
  }
}
