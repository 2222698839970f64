import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { RandomStream } from '../../src/core/rng.js';

/** A picture with known pixels: smooth, so that scaling it says something, and of its own. RGB, rows without gaps. */
export function pixelsOfPicture(height: number, width: number, seed: number): Uint8Array {
  const random = new RandomStream(seed, 'test', 0);
  const waves = Array.from({ length: 3 }, () => [
    random.integer(5) + 1,
    random.integer(5) + 1,
    random.integer(7),
  ]);
  return Uint8Array.from({ length: height * width * 3 }, (_, i) => {
    const [a, b, shift] = waves[i % 3]!;
    const pixel = Math.floor(i / 3);
    const [y, x] = [Math.floor(pixel / width) / height, (pixel % width) / width];
    return Math.round(127.5 + 120 * Math.sin(2 * Math.PI * (a! * x + b! * y) + shift!));
  });
}

/** A PNG file of RGB pixels (PNG specification, third edition; filter 0, one IDAT). */
export function png(height: number, width: number, pixels: Uint8Array): Buffer {
  const rows = Buffer.alloc(height * (1 + 3 * width));
  for (let y = 0; y < height; y++) {
    rows.set(pixels.subarray(y * width * 3, (y + 1) * width * 3), y * (1 + 3 * width) + 1);
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const content = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(content));
  return Buffer.concat([length, content, sum]);
}

/** Files by path. */
export type Files = Record<string, Buffer | string>;

/** `perClass` pictures of every class under `folder`, named 1.png and so on. */
export function pictures(
  folder: string,
  classes: readonly string[],
  perClass: number,
  size = 16,
  seed = 0,
): Files {
  const files: Files = {};
  classes.forEach((name, label) => {
    for (let i = 0; i < perClass; i++) {
      const pixels = pixelsOfPicture(size, size, seed + label * 1000 + i);
      files[join(folder, name, `${i + 1}.png`)] = png(size, size, pixels);
    }
  });
  return files;
}

export function writeFiles(root: string, files: Files): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}

/** A tar archive (ustar) of files in their order. */
export function tarOf(files: Files): Buffer {
  const blocks = Object.entries(files).flatMap(([path, content]) => {
    const data = Buffer.from(content);
    return [tarHeader(path, data.length), data, Buffer.alloc((512 - (data.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

export function tarHeader(path: string, size: number, type = '0'): Buffer {
  const header = Buffer.alloc(512);
  header.write(path, 0, 100);
  header.write('0000644\0', 100);
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write(type, 156);
  header.write('ustar\x0000', 257);
  return withChecksum(header);
}

/** Its checksum counts the bytes of the header, with blanks in its own place. */
export function withChecksum(header: Buffer): Buffer {
  header.write('        ', 148);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

/** WebDataset samples `000.png`, `000.cls` of files `<folder>/<class>/<name>`, classes numbered as given. */
export function samplesOf(files: Files, classes: readonly string[]): Files {
  const samples: Files = {};
  Object.entries(files).forEach(([path, content], i) => {
    const key = String(i).padStart(4, '0');
    samples[`${key}.png`] = content;
    samples[`${key}.cls`] = String(classes.indexOf(path.split('/').at(-2)!));
  });
  return samples;
}
