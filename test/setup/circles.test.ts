import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { packageRoot } from '../../src/core/packageRoot.js';
import { temporaryFolder } from '../temporaryFolder.js';

interface Circles {
  folderUses(root: string): Map<string, Map<string, string>>;
  findCircle(uses: Map<string, Map<string, string>>): string[] | undefined;
}

const { folderUses, findCircle } = (await import(
  join(packageRoot(), 'scripts', 'folder-circles.mjs')
)) as Circles;

function circleOf(files: Record<string, string>): string[] | undefined {
  const root = temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return findCircle(folderUses(root));
}

describe('circles of folders', () => {
  for (const tree of ['src', 'native']) {
    test(`there are none in ${tree}/`, () => {
      assert.equal(findCircle(folderUses(join(packageRoot(), tree))), undefined);
    });
  }

  test('one between a folder and a folder in it is found, in TypeScript and in C++', () => {
    const walk = "import { op } from './ops/op.js';\n";
    const op = "import type { Shape } from '../types.js';\n";
    assert.deepEqual(circleOf({ 'graph/walk.ts': walk, 'graph/ops/op.ts': op, 'graph/types.ts': '' }), [
      'graph -> graph/ops (graph/walk.ts)',
      'graph/ops -> graph (graph/ops/op.ts)',
    ]);
    assert.equal(circleOf({ 'graph/walk.ts': walk, 'graph/ops/op.ts': '' }), undefined);
    const decoder = '#include "data/source.h"\n';
    const source = '#include "data/image/decoder.h"\n';
    assert.equal(circleOf({ 'data/image/decoder.h': decoder, 'data/source.h': source })?.length, 2);
    assert.equal(
      circleOf({ 'data/image/decoder.h': '#include <vector>\n', 'data/source.h': source }),
      undefined,
    );
  });

  test('one over three folders is found', () => {
    const uses = (other: string) => `export type { X } from '../${other}/x.js';\n`;
    const files = { 'a/x.ts': uses('b'), 'b/x.ts': uses('c'), 'c/x.ts': uses('a'), 'd/x.ts': uses('a') };
    assert.equal(circleOf(files)?.length, 3);
  });
});
