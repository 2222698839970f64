import assert from 'node:assert/strict';
import type { TensorEntry } from '../../src/runtime/native.js';
import { decode, type Stored } from './vectors.js';

/** Largest difference, in units of the largest expected value (at least `scale`). */
function distance(actual: ArrayLike<number>, expected: ArrayLike<number>, scale: number): number {
  let largest = scale;
  let difference = 0;
  for (let i = 0; i < expected.length; i++) {
    largest = Math.max(largest, Math.abs(expected[i]!));
    const d = Math.abs(actual[i]! - expected[i]!);
    if (!(d <= difference)) difference = d; // NaN stays
  }
  return difference / largest;
}

/**
 * `scale`: a value that is 0 but for rounding, like the gradient of a bias in front of BatchNorm, counts as one of
 * this size.
 */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
  scale = 1e-2,
): void {
  assert.equal(actual.length, expected.length, `number of values of ${what}`);
  const off = distance(actual, expected, scale);
  assert.ok(off <= tolerance, `${what} is off by ${off.toExponential(2)} of its largest value`);
}

/**
 * A gradient of a path has the shape of the part of the parameter that the path uses; PyTorch's has the whole one,
 * with zeros elsewhere. `first`: where the part starts in dimension 0.
 */
export function assertSliceClose(
  actual: TensorEntry,
  expected: Stored,
  tolerance: number,
  what: string,
  first = 0,
): void {
  const whole = decode(expected);
  assert.equal(actual.shape.length, expected.shape.length, `dimensions of ${what}`);
  const strides = expected.shape.map((_, d) => expected.shape.slice(d + 1).reduce((a, b) => a * b, 1));
  const part = new Float32Array(actual.data.length);
  const inside = new Set<number>();
  for (let i = 0; i < part.length; i++) {
    let rest = i;
    let offset = 0;
    for (let d = actual.shape.length - 1; d >= 0; d--) {
      offset += ((rest % actual.shape[d]!) + (d === 0 ? first : 0)) * strides[d]!;
      rest = Math.floor(rest / actual.shape[d]!);
    }
    part[i] = whole[offset]!;
    inside.add(offset);
  }
  assertClose(actual.data, part, tolerance, what);
  whole.forEach((value, offset) => {
    assert.ok(inside.has(offset) || value === 0, `PyTorch has a gradient outside the slice of ${what}`);
  });
}

/** Bit for bit, NaN and signs of zero included. */
export function sameBits(a: Float32Array, b: Float32Array): boolean {
  return Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(
    Buffer.from(b.buffer, b.byteOffset, b.byteLength),
  );
}

export const byName = (entries: readonly TensorEntry[]): Map<string, TensorEntry> =>
  new Map(entries.map((entry) => [entry.name, entry]));

/** Names of tensors that differ in a bit, or exist on one side only. */
export function changed(before: readonly TensorEntry[], after: readonly TensorEntry[]): string[] {
  const old = byName(before);
  const names = new Set([...old.keys(), ...after.map(({ name }) => name)]);
  const now = byName(after);
  return [...names].filter((name) => {
    const [a, b] = [old.get(name), now.get(name)];
    return a === undefined || b === undefined || !sameBits(a.data, b.data);
  });
}
