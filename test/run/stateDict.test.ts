import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromStateDict } from '../../src/run/foreignWeights.js';
import { decodeSafetensors } from '../../src/run/safetensors.js';
import { tensor } from './fixtures.js';
import { bytesOf, rawSafetensors } from './stateDict.js';

function decoded(dtype: string, array: ArrayBufferView, count: number): number[] {
  const file = rawSafetensors([{ name: 'a', dtype, shape: [count], bytes: bytesOf(array) }]);
  return [...decodeSafetensors(file, 'a.safetensors').tensors[0]!.data];
}

test('half precision, doubles and integers are read as float32', () => {
  // IEEE 754: 1, -2, the largest, the smallest normal and subnormal, 1/3, the infinities, -0.
  const halves = Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x3555, 0x7c00, 0xfc00, 0x8000);
  const third = 0.333251953125;
  assert.deepEqual(decoded('F16', halves, 9), [
    ...[1, -2, 65504, 2 ** -14, 2 ** -24, third],
    ...[Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0],
  ]);
  assert.ok(Number.isNaN(decoded('F16', Uint16Array.of(0x7e00), 1)[0]));
  assert.deepEqual(decoded('BF16', Uint16Array.of(0x3f80, 0x4049, 0xc2f7, 0xff80), 4), [
    1,
    3.140625,
    -123.5,
    Number.NEGATIVE_INFINITY,
  ]);
  assert.deepEqual(decoded('F64', Float64Array.of(0.1, -3), 2), [Math.fround(0.1), -3]);
  assert.deepEqual(decoded('I64', BigInt64Array.of(5000n, -1n), 2), [5000, -1]);
  assert.deepEqual(decoded('I32', Int32Array.of(-70000), 1), [-70000]);
  assert.deepEqual(decoded('U8', Uint8Array.of(0, 255), 2), [0, 255]);
});

test('every half and every bfloat16 is the number its bits say', () => {
  const all = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
  const halves = decoded('F16', all, 65536);
  const upper = new Float32Array(Uint32Array.from(all, (bits) => bits * 65536).buffer);
  assert.deepEqual(decoded('BF16', all, 65536), [...upper]);
  // Between neighbours of one exponent there is always the same step, and signs mirror.
  for (let bits = 0; bits < 0x7c00; bits++) {
    const step = 2 ** (Math.max(bits >> 10, 1) - 25);
    assert.equal(halves[bits + 1]! - halves[bits]!, bits === 0x7bff ? Number.POSITIVE_INFINITY : step);
    assert.equal(halves[bits + 0x8000], -halves[bits]!);
  }
});

test('prefixes of wrappers and counters of BatchNorm are taken away, and said', () => {
  const own = new Set(['stem.weight', 'stem.bias']);
  const names = (prefix: string) =>
    ['stem.weight', 'stem.bias', 'stem.bn.num_batches_tracked'].map((name) => prefix + name);
  for (const [prefix, said] of [
    ['', 1],
    ['module.', 2],
    ['_orig_mod.', 2],
    ['module._orig_mod.', 3],
    ['_orig_mod.module.', 3],
  ] as const) {
    const { tensors, notes } = fromStateDict(
      names(prefix).map((name) => tensor(name, 1)),
      own,
    );
    assert.deepEqual(
      tensors.map(({ name }) => name),
      ['stem.weight', 'stem.bias'],
    );
    assert.equal(notes.length, said, notes.join());
  }
});

test('what a network calls so itself stays', () => {
  const given = [tensor('module.weight', 1), tensor('module.num_batches_tracked', 2)];
  const own = new Set(given.map(({ name }) => name));
  const { tensors, notes } = fromStateDict(given, own);
  assert.deepEqual(tensors, given);
  assert.deepEqual(notes, []);
  // A prefix of some names only is part of them.
  assert.deepEqual(fromStateDict([tensor('module.a', 1), tensor('b', 1)], new Set()).notes, []);
});
