import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { NativeBatch } from '../../src/runtime/native.js';

/** A temporary folder, removed with its files at the end of the scope. */
export function temporaryFolder(): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'singlepath-data-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** Makes pixels come back from batches as they are in the file, up to rounding. */
export const bytes = (channels: number) => ({
  mean: Array(channels).fill(0),
  std: Array(channels).fill(1 / 255),
});

/** Pixels of a batch normalized with `bytes`, [N, C, H, W]. */
export const pixelsOf = (batch: NativeBatch) => Uint8Array.from(batch.images(), (value) => Math.round(value));
export const labelsOf = (batch: NativeBatch) => Array.from(batch.labels(), Number);

export function idxImages(count: number, height: number, width: number, pixels: Uint8Array): Buffer {
  const header = Buffer.alloc(16);
  [0x803, count, height, width].forEach((value, i) => {
    header.writeUInt32BE(value, 4 * i);
  });
  return Buffer.concat([header, pixels]);
}

export function idxLabels(labels: number[]): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(0x801, 0);
  header.writeUInt32BE(labels.length, 4);
  return Buffer.concat([header, Buffer.from(labels)]);
}

/** An IDX folder of `count` images of 3x4 pixels with made-up contents, compressed or plain. */
export function writeIdxFolder(
  folder: string,
  count: number,
  compressed = true,
): { pixels: Uint8Array; labels: number[] } {
  const pixels = Uint8Array.from({ length: count * 12 }, (_, i) => (i * 37 + 11) % 256);
  const labels = Array.from({ length: count }, (_, i) => (i * 3) % 7);
  for (const split of ['train', 't10k']) {
    for (const [name, data] of [
      [`${split}-images-idx3-ubyte`, idxImages(count, 3, 4, pixels)],
      [`${split}-labels-idx1-ubyte`, idxLabels(labels)],
    ] as const) {
      writeFileSync(join(folder, compressed ? `${name}.gz` : name), compressed ? gzipSync(data) : data);
    }
  }
  return { pixels, labels };
}

/** Independent decoding of an IDX file: what the native reader is compared with. */
export function decodeIdx(file: Buffer): { sizes: number[]; data: Uint8Array } {
  const raw = file[0] === 0x1f ? gunzipSync(file) : file;
  const dimensions = raw[3]!;
  const sizes = Array.from({ length: dimensions }, (_, i) => raw.readUInt32BE(4 + 4 * i));
  return { sizes, data: raw.subarray(4 + 4 * dimensions) };
}
