import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeSafetensors, readSafetensors, writeSafetensors } from '../../src/run/safetensors.js';
import type { TensorEntry } from '../../src/runtime/native.js';
import { temporaryFolder } from '../temporaryFolder.js';

const folder = temporaryFolder();
const tensors = [
  { name: 'b.weight', shape: [2, 3], data: Float32Array.of(1, -2, 3.5, 0, Number.NaN, 1e-40) },
  { name: 'a', shape: [], data: Float32Array.of(7) },
  { name: 'empty', shape: [0, 4], data: new Float32Array(0) },
];

test('the layout is the published one, byte by byte', async () => {
  const path = join(folder, 'layout.safetensors');
  await writeSafetensors(path, tensors, { format: 'pt' });
  const bytes = readFileSync(path);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  assert.equal(length % 8, 0);
  assert.deepEqual(JSON.parse(bytes.toString('utf8', 8, 8 + length)), {
    __metadata__: { format: 'pt' },
    'b.weight': { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] },
    a: { dtype: 'F32', shape: [], data_offsets: [24, 28] },
    empty: { dtype: 'F32', shape: [0, 4], data_offsets: [28, 28] },
  });
  assert.equal(view.getFloat32(8 + length + 8, true), 3.5);
  assert.equal(view.getFloat32(8 + length + 24, true), 7);
  assert.equal(bytes.length, 8 + length + 28);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.includes('tmp')),
    [],
  );
});

test('reading gives back what was written', async () => {
  const tensor = fc.record({
    shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }),
    fill: fc.float(),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(fc.stringMatching(/^[a-z.ä]{1,12}$/), tensor, { maxKeys: 6 }),
      async (made) => {
        const path = join(folder, 'round.safetensors');
        const entries = Object.entries(made).map(([name, { shape, fill }]) => ({
          name,
          shape,
          data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(fill),
        }));
        await writeSafetensors(path, entries, { note: 'ü' });
        const back = await readSafetensors(path);
        assert.equal(back.metadata.note, 'ü');
        const byName = (list: TensorEntry[]) => new Map(list.map((entry) => [entry.name, entry]));
        assert.deepEqual(byName(back.tensors), byName(entries));
      },
    ),
    { numRuns: 50 },
  );
});

/** A file with any header and `size` bytes of data. */
function file(header: unknown, size: number): Uint8Array {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([prefix, json, Buffer.alloc(size)]);
}

const f32 = (shape: number[], begin: number, end: number) => ({
  dtype: 'F32',
  shape,
  data_offsets: [begin, end],
});

const broken: [string, Uint8Array, RegExp][] = [
  ['nothing', new Uint8Array(0), /only 0 bytes/],
  ['another format', Buffer.from('PK\x03\x04 this is a zip file'), /no safetensors file/],
  ['a cut header', file({ a: f32([1], 0, 4) }, 0).subarray(0, 20), /ends inside the header/],
  ['a header that is no JSON', file('{oops', 0), /no JSON/],
  ['a header that is no object', file([1], 0), /no object/],
  [
    'another dtype',
    file({ a: { ...f32([1], 0, 2), dtype: 'C64' } }, 2),
    /dtype "C64" instead of one of F64, F32/,
  ],
  ['a negative dimension', file({ a: f32([-1], 0, 4) }, 4), /no valid shape/],
  ['offsets that do not match the shape', file({ a: f32([2], 0, 4) }, 4), /needs 8 bytes but spans 4/],
  ['overlapping tensors', file({ a: f32([2], 0, 8), b: f32([1], 4, 8) }, 8), /'b' overlaps/],
  ['a gap', file({ a: f32([1], 0, 4), b: f32([1], 8, 12) }, 12), /4 bytes before tensor 'b'/],
  ['missing data', file({ a: f32([2], 0, 8) }, 7), /truncated: tensor 'a'/],
  ['a byte order mark', file(`\ufeff${JSON.stringify({ a: f32([1], 0, 4) })}`, 4), /no JSON/],
  ['metadata that are no texts', file({ __metadata__: { x: 1 } }, 0), /'x' of its metadata is no text/],
  ['metadata that are no object', file({ __metadata__: [] }, 0), /metadata are no object/],
  ['metadata twice', file('{"__metadata__":{"x":"1"},"__metadata__":{}}', 0), /'__metadata__' comes twice/],
  [
    'a field twice',
    file('{"a":{"dtype":"F32","shape":[1],"dty\\u0070e":"F32","data_offsets":[0,4]}}', 4),
    /'dtype' comes twice/,
  ],
  ['a shape that overflows', file({ a: f32([2 ** 32, 2 ** 32], 0, 0) }, 0), /larger than any file/],
  ['data that belongs to nothing', file({ a: f32([1], 0, 4) }, 9), /5 bytes after/],
];
for (const [what, bytes, message] of broken) {
  test(`refuses ${what}, naming the file`, () => {
    assert.throws(() => decodeSafetensors(bytes, 'x.safetensors'), { code: 'INVALID_CHECKPOINT', message });
    assert.throws(() => decodeSafetensors(bytes, 'x.safetensors'), /'x.safetensors'/);
  });
}

/* As safetensors 0.8.0 for Python reads them. */
test('a name twice: the last counts; metadata may be null', () => {
  const twice = `{"a":${JSON.stringify(f32([1], 0, 4))},"a":${JSON.stringify(f32([2], 0, 8))}}`;
  assert.deepEqual(decodeSafetensors(file(twice, 8), 'x').tensors[0]!.shape, [2]);
  const { metadata, tensors } = decodeSafetensors(file('{"__metadata__":null}', 0), 'x');
  assert.deepEqual([metadata, tensors], [{}, []]);
  const key = '{"__metadata__":{"dtype":"1","dtype":"2"}}';
  assert.deepEqual(decodeSafetensors(file(key, 0), 'x').metadata, { dtype: '2' });
});

test('every truncation of a file is noticed', async () => {
  const path = join(folder, 'whole.safetensors');
  await writeSafetensors(path, tensors);
  const bytes = readFileSync(path);
  for (let size = 0; size < bytes.length; size++) {
    assert.throws(() => decodeSafetensors(bytes.subarray(0, size), path), { code: 'INVALID_CHECKPOINT' });
  }
});

test("Python's safetensors reads ours and we read its", async (t) => {
  try {
    execFileSync('python3', ['-c', 'import safetensors.numpy'], { stdio: 'ignore' });
  } catch {
    t.skip('Python has no safetensors package');
    return;
  }
  for (const [what, bytes] of broken.filter(([name]) => name !== 'another dtype')) {
    const broken = join(folder, 'broken.safetensors');
    writeFileSync(broken, bytes);
    const read = 'import sys; from safetensors.numpy import load_file; load_file(sys.argv[1])';
    assert.throws(
      () => execFileSync('python3', ['-c', read, broken], { stdio: 'ignore' }),
      `Python reads ${what}`,
    );
  }
  const [ours, theirs] = [join(folder, 'ours.safetensors'), join(folder, 'theirs.safetensors')];
  await writeSafetensors(ours, tensors);
  const script = `
import sys
import numpy as np
from safetensors.numpy import load_file, save_file
tensors = load_file(sys.argv[1])
assert tensors['b.weight'].shape == (2, 3) and tensors['b.weight'][0, 2] == 3.5 and tensors['a'] == 7
save_file({name: np.asarray(value * 2) for name, value in tensors.items()}, sys.argv[2], metadata={'by': 'python'})
`;
  execFileSync('python3', ['-c', script, ours, theirs]);
  const { tensors: doubled, metadata } = await readSafetensors(theirs);
  assert.equal(metadata.by, 'python');
  assert.deepEqual(
    doubled.find(({ name }) => name === 'b.weight')?.data.slice(0, 4),
    Float32Array.of(2, -4, 7, 0),
  );
});

test('a missing file and a path through a file are IO errors', async () => {
  await assert.rejects(readSafetensors(join(folder, 'none')), { code: 'IO', hint: /no such file/ });
  writeFileSync(join(folder, 'plain'), '');
  await assert.rejects(writeSafetensors(join(folder, 'plain', 'x'), tensors), { code: 'IO' });
});
