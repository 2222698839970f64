import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import type { TensorEntry } from '../../src/runtime/native.js';
import type { SearchSpace } from '../../src/space/types.js';

let root: string | undefined;
let count = 0;
after(() => root && rmSync(root, { recursive: true, force: true }));

/** A new path in a folder that is removed after the tests. */
export function freshPath(): string {
  // On first use: children that are killed import this file too.
  root ??= mkdtempSync(join(tmpdir(), 'singlepath-run-'));
  return join(root, `run-${count++}`);
}

/** A space as far as run directories look at it. */
export function tinySpace(classes = 10, name = 'tiny'): SearchSpace {
  const labels = ['a', 'b', 'c'];
  const genes = ['x', 'y', 'z'].map((gene, layer) => ({
    name: `layers.${layer}.${gene}`,
    kind: 'block' as const,
    layer,
    size: 3,
    labels,
  }));
  return { name, input: { channels: 1, size: 4 }, classes, genes, layers: [] };
}

export function tensor(name: string, ...values: number[]): TensorEntry {
  return { name, shape: [values.length], data: Float32Array.from(values) };
}
