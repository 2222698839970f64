import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/core/packageRoot.js';
import { addon } from '../../src/runtime/addon.js';
import type { NativeBatch, TensorEntry } from '../../src/runtime/native.js';

/** A tensor as scripts/make-vectors.py writes it. */
export interface Stored {
  shape: number[];
  base64: string;
}

export type StoredTensors = Record<string, Stored>;

/** What PyTorch computed for one network, path and batch. */
export interface GradientCase {
  name: string;
  architecture: number[];
  labelSmoothing: number;
  /** Null: that of the first case in the file. */
  state: StoredTensors | null;
  input: Stored;
  labels: number[];
  loss: number;
  logits: Stored;
  inputGradient: Stored;
  gradients: StoredTensors;
  /** All buffers after the training pass, and the logits with them. */
  buffersAfter: StoredTensors;
  evaluatedLogits: Stored;
}

export const VECTORS = join(packageRoot(), 'test', 'vectors');

/** Compiled tests run from a folder of their own, with the sources beside or above it. */
export function readVectors<T>(name: string, folder = VECTORS): T {
  return JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as T;
}

export function decode({ base64 }: Stored): Float32Array {
  const bytes = Uint8Array.from(Buffer.from(base64, 'base64'));
  return new Float32Array(bytes.buffer);
}

export function entriesOf(tensors: StoredTensors): TensorEntry[] {
  return Object.entries(tensors).map(([name, stored]) => ({
    name,
    shape: stored.shape,
    data: decode(stored),
  }));
}

/** Images `first` up to `end` of a stored input. */
export function batchOf(input: Stored, labels: readonly number[], first = 0, end?: number): NativeBatch {
  const [count, ...image] = input.shape as [number, number, number, number];
  const last = end ?? count;
  const elements = image.reduce((a, b) => a * b, 1);
  return new (addon().Batch)({
    images: decode(input).subarray(first * elements, last * elements),
    shape: [last - first, ...image],
    labels: labels.slice(first, last),
  });
}
