/** The usual recipe with sharp: node sharp.js JOB prints { cpu, wall }. sharp is a peer: it is not installed with singlepath. */

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { readImages } from './images.js';

interface Pipeline {
  metadata(): Promise<{ width: number; height: number }>;
  extract(box: { left: number; top: number; width: number; height: number }): Pipeline;
  resize(width: number, height: number, options: object): Pipeline;
  flop(on: boolean): Pipeline;
  removeAlpha(): Pipeline;
  toColourspace(name: string): Pipeline;
  raw(): Pipeline;
  toBuffer(): Promise<Buffer>;
}
interface Sharp {
  (file: Buffer): Pipeline;
  concurrency(threads: number): void;
  cache(on: boolean): void;
}

const { folder, count, size }: { folder: string; count: number; size: number } = JSON.parse(process.argv[2]!);
const place = process.env.SINGLEPATH_SHARP ?? process.cwd();
const sharp = createRequire(join(place, 'package.json'))('sharp') as Sharp;
sharp.concurrency(1);
sharp.cache(false);

const mean = [0.485, 0.456, 0.406];
const std = [0.229, 0.224, 0.225];

async function prepare(file: Buffer): Promise<Float32Array> {
  const { width, height } = await sharp(file).metadata();
  const pixels = await sharp(file)
    .extract(randomBox(width, height))
    .resize(size, size, { fit: 'fill', kernel: 'linear' })
    .flop(Math.random() < 0.5)
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer();
  const out = new Float32Array(3 * size * size);
  for (let c = 0; c < 3; c++) {
    const [scale, shift] = [1 / (255 * std[c]!), -mean[c]! / std[c]!];
    for (let i = 0, at = c; i < size * size; i++, at += 3)
      out[c * size * size + i] = pixels[at]! * scale + shift;
  }
  return out;
}

/** torchvision's RandomResizedCrop. */
function randomBox(width: number, height: number) {
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = width * height * (0.08 + 0.92 * Math.random());
    const ratio = (3 / 4) ** (1 - 2 * Math.random());
    const [w, h] = [Math.round(Math.sqrt(area * ratio)), Math.round(Math.sqrt(area / ratio))];
    if (w < 1 || h < 1 || w > width || h > height) continue;
    const left = Math.floor(Math.random() * (width - w + 1));
    return { left, top: Math.floor(Math.random() * (height - h + 1)), width: w, height: h };
  }
  const side = Math.min(width, height);
  return { left: (width - side) >> 1, top: (height - side) >> 1, width: side, height: side };
}

const images = readImages(folder);
for (const file of images.slice(0, 20)) await prepare(file);
const rounds = Math.ceil(count / images.length);
const [cpu, begin] = [process.cpuUsage(), performance.now()];
for (let round = 0; round < rounds; round++) for (const file of images) await prepare(file);
const { user, system } = process.cpuUsage(cpu);
const all = rounds * images.length;
console.log(
  JSON.stringify({ cpu: all / ((user + system) / 1e6), wall: all / ((performance.now() - begin) / 1e3) }),
);
