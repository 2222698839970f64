import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { crc32c, SummaryWriter } from '../../src/run/tensorboard.js';
import { freshPath } from './fixtures.js';

test('CRC-32C gives the published values', () => {
  // RFC 3720, B.4, and the check value of the CRC catalogue.
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
  assert.equal(crc32c(Buffer.alloc(32)), 0x8a9136aa);
  assert.equal(crc32c(Buffer.alloc(32, 0xff)), 0x62a8ab43);
  assert.equal(crc32c(Buffer.from(Array.from({ length: 32 }, (_, i) => i))), 0x46dd794e);
});

/** CRC-32C by polynomial long division over bits: shares nothing with the table of the writer. */
function crcByDivision(bytes: Uint8Array): number {
  let crc = 0xffffffffn;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0x82f63b78n : crc >> 1n;
  }
  return Number(crc ^ 0xffffffffn);
}

/** The records of a TFRecord file, with every checksum verified. */
function recordsOf(file: Buffer): Buffer[] {
  const unmask = (masked: number) => {
    const rotated = (masked - 0xa282ead8) >>> 0;
    return ((rotated >>> 17) | (rotated << 15)) >>> 0;
  };
  const records: Buffer[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    assert.equal(unmask(file.readUInt32LE(at + 8)), crcByDivision(file.subarray(at, at + 8)));
    const data = file.subarray(at + 12, at + 12 + length);
    assert.equal(unmask(file.readUInt32LE(at + 12 + length)), crcByDivision(data));
    records.push(data);
    at += 16 + length;
  }
  return records;
}

type Field = { number: number; value: number | bigint | Buffer };

/** Protocol buffer wire format by hand: varint, 64-bit, length-delimited, 32-bit. */
function fieldsOf(data: Buffer): Field[] {
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = data[at++]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const fields: Field[] = [];
  while (at < data.length) {
    const key = Number(varint());
    const number = key >> 3;
    if ((key & 7) === 0) fields.push({ number, value: varint() });
    else if ((key & 7) === 1) {
      fields.push({ number, value: data.readDoubleLE(at) });
      at += 8;
    } else if ((key & 7) === 5) {
      fields.push({ number, value: data.readFloatLE(at) });
      at += 4;
    } else {
      const length = Number(varint());
      fields.push({ number, value: data.subarray(at, at + length) });
      at += length;
    }
  }
  return fields;
}

const get = (data: Field['value'] | undefined, number: number) =>
  fieldsOf(data as Buffer).find((field) => field.number === number)?.value;

test('event files hold the version, scalars, texts and restarts, under the field numbers of TensorFlow', () => {
  const folder = freshPath();
  const before = Date.now() / 1000;
  {
    using writer = new SummaryWriter(folder);
    writer.scalars(3, { 'train/loss': 2.5, 'train/accuracy': 0.25 });
    writer.text(4, 'note', '**bold**');
    writer.restartAt(2 ** 40);
  }
  const [name] = readdirSync(folder);
  assert.match(name!, /^events\.out\.tfevents\.\d{10}\.\d{3}\./);
  const [version, scalars, text, restart, ...more] = recordsOf(readFileSync(join(folder, name!)));
  assert.equal(more.length, 0);

  assert.equal(String(get(version, 3)), 'brain.Event:2');
  const wallTime = get(version, 1) as number;
  assert.ok(wallTime >= before - 1 && wallTime <= Date.now() / 1000 + 1);

  assert.equal(get(scalars, 2), 3n);
  const values = fieldsOf(get(scalars, 5) as Buffer).map(({ value }) => [
    String(get(value, 1)),
    get(value, 2),
  ]);
  assert.deepEqual(values, [
    ['train/loss', 2.5],
    ['train/accuracy', 0.25],
  ]);

  const value = get(get(text, 5), 1);
  assert.equal(String(get(value, 1)), 'note');
  assert.equal(String(get(get(get(value, 9), 1), 1)), 'text');
  assert.equal(get(get(value, 8), 1), 7n); // DT_STRING
  assert.equal(String(get(get(value, 8), 8)), '**bold**');

  assert.equal(get(restart, 2), 2n ** 40n);
  assert.equal(get(get(restart, 7), 1), 1n); // SessionLog START
});

test('nothing is created before the first record', () => {
  const folder = freshPath();
  using writer = new SummaryWriter(folder);
  writer.sync();
  assert.throws(() => readdirSync(folder), { code: 'ENOENT' });
});
