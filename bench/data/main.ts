import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { packageRoot } from '../../src/core/packageRoot.js';
import { median } from '../statistics.js';
import { imageFolder } from './images.js';
import type { DataJob, DataMeasurement } from './ours.js';

const USAGE = `npm run bench -- data [options]

Images per second of processor time of one thread: random crops of 224 pixels from JPEG files, flipped and normalized;
from packed files, which \`singlepath data pack\` makes with a short side of 256 pixels; and small images from memory.
All sides run in turn, each in a process of its own; ratios are of medians. Peers that are not there are left out:
Pillow and torchvision of a Python (SINGLEPATH_PYTHON, default python3) and sharp (npm install --no-save sharp, or
SINGLEPATH_SHARP, a folder with it in its node_modules).

  --images PATH   folder or tar of photographs (../shared/data/imagenet-sample-300.tar)
  --count N       images of one measurement (600)
  --rounds N      rounds of all sides (3)
  --json FILE     also write the measurements`;

interface Side {
  name: string;
  measure(): Partial<DataMeasurement> & { cpu: number };
}

const PILLOW = 'pillow';

const python = process.env.SINGLEPATH_PYTHON ?? 'python3';

/** The bench of the data path. */
export async function dataBench(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      images: {
        type: 'string',
        default: join(packageRoot(), '..', 'shared', 'data', 'imagenet-sample-300.tar'),
      },
      count: { type: 'string', default: '600' },
      rounds: { type: 'string', default: '3' },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return console.log(USAGE);
  using source = imageFolder(values.images);
  const count = Number(values.count);
  const sides = sidesOf(source.folder, count);
  const results = new Map<string, ReturnType<Side['measure']>[]>(sides.map(({ name }) => [name, []]));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const { name, measure } of sides) {
      results.get(name)!.push(measure());
      console.error(`round ${round + 1}: ${name}: ${results.get(name)!.at(-1)!.cpu.toFixed(0)} images/s`);
    }
  }
  report(results);
  if (values.json) writeFileSync(values.json, JSON.stringify(Object.fromEntries(results), null, 2));
}

function sidesOf(folder: string, count: number): Side[] {
  const job = (what: DataJob['what'], more: Partial<DataJob> = {}): DataJob => ({
    what,
    folder,
    count,
    threads: 1,
    size: 224,
    ...more,
  });
  return [
    ours(OURS, job('crops')),
    ours('singlepath with colour jitter', job('jitter')),
    ours(TWO_THREADS, job('crops', { threads: 2 })),
    ours(PACKED, job('packed')),
    ours('singlepath, packed raw at 256', job('raw')),
    ours(SMALL, job('memory', { size: 32, count: 50 * 50_000 })),
    ...[PILLOW, 'v2', 'pillow-jitter', 'v2-jitter'].flatMap((recipe) => recipeSide(recipe, folder, count)),
    ...sharpSide(folder, count),
  ];
}

const OURS = 'singlepath';
const TWO_THREADS = 'singlepath, two threads';
const PACKED = 'singlepath, packed at short side 256';
const SMALL = 'singlepath, CIFAR-size from memory';

function ours(name: string, job: DataJob): Side {
  const script = fileURLToPath(new URL('ours.js', import.meta.url));
  return {
    name,
    measure: () =>
      JSON.parse(execFileSync(process.execPath, [script, JSON.stringify(job)], { encoding: 'utf8' })),
  };
}

function recipeSide(recipe: string, folder: string, count: number): Side[] {
  const script = join(packageRoot(), 'bench', 'peer', 'image_recipes.py');
  const run = (images: number) =>
    JSON.parse(
      execFileSync(python, [script, recipe, folder, String(images), '224'], {
        encoding: 'utf8',
        stdio: 'pipe',
      }),
    );
  return available(recipe, () => run(1)) ? [{ name: recipe, measure: () => run(count) }] : [];
}

function sharpSide(folder: string, count: number): Side[] {
  const script = fileURLToPath(new URL('sharp.js', import.meta.url));
  const run = (images: number) => {
    const job = JSON.stringify({ folder, count: images, size: 224 });
    return JSON.parse(execFileSync(process.execPath, [script, job], { encoding: 'utf8', stdio: 'pipe' }));
  };
  return available('sharp', () => run(1)) ? [{ name: 'sharp', measure: () => run(count) }] : [];
}

function available(name: string, tryIt: () => void): boolean {
  try {
    tryIt();
    return true;
  } catch (error) {
    const reason = String((error as { stderr?: unknown }).stderr ?? error)
      .trim()
      .split('\n')
      .at(-1);
    console.error(`peer ${name} left out: ${reason}`);
    return false;
  }
}

function report(results: ReadonlyMap<string, ReturnType<Side['measure']>[]>): void {
  const medianOf = (name: string, of: 'cpu' | 'wall') =>
    median(results.get(name)!.map((one) => one[of] ?? Number.NaN));
  const base = medianOf(OURS, 'cpu');
  for (const [name, measured] of results) {
    const rate = medianOf(name, 'cpu');
    const { early, late } = measured.at(-1)!;
    const notes: string[] = [];
    if (!name.startsWith(OURS)) notes.push(`singlepath is ${(base / rate).toFixed(2)} times as fast`);
    if (name.startsWith(`${OURS}, packed`) && results.has(PILLOW)) {
      notes.push(`${(rate / medianOf(PILLOW, 'cpu')).toFixed(2)} times Pillow on the files`);
    }
    if (name === TWO_THREADS) {
      const ratio = medianOf(name, 'wall') / medianOf(OURS, 'wall');
      notes.push(`${ratio.toFixed(2)} times one thread by the clock`);
    }
    if (name === SMALL)
      notes.push(`${early!.toFixed(0)} MB resident after 5 epochs, ${late!.toFixed(0)} after 50`);
    console.log(`${name.padEnd(36)} ${rate.toFixed(0).padStart(8)} images/s   ${notes.join(', ')}`);
  }
}
