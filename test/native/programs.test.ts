/** Tests of the native core that need no addon: programs of their own. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { packageRoot } from '../../src/core/packageRoot.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { build, run, sanitizer, sourcesIn, works } from './compile.js';

/** The kernels as the addon has them: an archive its build leaves behind. */
const kernels = join(packageRoot(), 'build', 'native', 'ops', 'cpu', 'libsinglepath_kernels.a');

describe('native programs', () => {
  const folder = temporaryFolder();

  test('arena', (context) => {
    const flags = sanitizer('address,undefined');
    if (!works(flags, folder)) return context.skip(`this compiler has no ${flags[0]}`);
    passes('arena', ['core/arena.cc', 'core/test/arena_test.cc'], flags);
  });

  test('thread pool', (context) => {
    const flags = sanitizer('thread');
    if (!works(flags, folder)) return context.skip(`this compiler has no ${flags[0]}`);
    passes('pool', ['core/thread_pool.cc', 'core/test/thread_pool_test.cc'], flags);
  });

  test('what the block compiler takes in', () => {
    passes('fusion', ['graph/chains.cc', 'graph/fusion.cc', 'graph/test/fusion_test.cc'], []);
  });

  test('BatchNorm kernels of a card, whose threads take turns here', () => {
    // Value, width, activation (core/activation.h): each is compiled by itself, as on a card.
    for (const [bfloat16, width, activation] of [
      [1, 8, 1],
      [0, 4, 0],
      [1, 1, 3],
      [0, 2, 2],
      [1, 4, 4],
      [0, 1, 6],
    ]) {
      const macros = [`-DBFLOAT16=${bfloat16}`, `-DWIDTH=${width}`, `-DACTIVATION=${activation}`];
      passes('batch_norm', ['ops/cuda/test/batch_norm_test.cc'], [...macros, '-Wno-unknown-pragmas']);
    }
  });

  test('decoding and resizing', () => {
    const sources = [
      ...sourcesIn('data'),
      ...sourcesIn('data/image'),
      'data/test/fuzz/images_to_read.cc',
      'data/test/image_test.cc',
    ];
    passes('image', [inOne('image', sources)], []);
  });

  test('loader threads', (context) => {
    const flags = sanitizer('thread');
    if (!works(flags, folder)) return context.skip(`this compiler has no ${flags[0]}`);
    const sources = [...sourcesIn('data'), ...sourcesIn('data/image'), 'data/test/loader_test.cc'];
    passes('loader', [inOne('loader', sources)], flags);
  });

  test('CPU kernels on every instruction set of this machine', (context) => {
    if (!existsSync(kernels)) return context.skip(`no ${kernels}: the addon was not built here`);
    passes('kernels', [...sourcesIn('ops/cpu/test'), kernels], []);
  });

  // One source file for the compiler: most of its work is the standard library's headers.
  function inOne(name: string, sources: string[]): string {
    const all = join(folder, `${name}.cc`);
    writeFileSync(all, sources.map((source) => `#include "${source}"\n`).join(''));
    return all;
  }

  function passes(name: string, sources: string[], flags: string[]): void {
    const program = join(folder, name);
    build(program, sources, flags);
    const { status, stdout, stderr } = run(program);
    assert.equal(status, 0, stdout + stderr);
  }
});
