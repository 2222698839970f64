/** One measurement of singlepath's loader, in a process of its own: node ours.js JOB prints { rate, cpuRate, ... }. */

import { join } from 'node:path';
import { RandomStream } from '../../src/core/rng.js';
import type { Dataset } from '../../src/data/dataset.js';
import type { DatasetConfig } from '../../src/data/kinds/index.js';
import type { LoaderOptions } from '../../src/data/loader.js';
import { openDataset } from '../../src/data/open.js';
import { packDataset } from '../../src/data/pack.js';
import * as nn from '../../src/graph/build.js';
import { addon } from '../../src/runtime/addon.js';
import { defineSpace, fixed } from '../../src/space/define.js';
import { Supernet } from '../../src/supernet/supernet.js';
import { readImages, temporaryFolder } from './images.js';

export interface DataJob {
  /** `packed` and `raw`: crops from a packed file with a short side of 256 pixels, as JPEG or as decoded pixels. */
  what: 'crops' | 'jitter' | 'packed' | 'raw' | 'memory';
  folder: string;
  /** Images a measurement at least goes through. */
  count: number;
  threads: number;
  size: number;
}

export interface DataMeasurement {
  /** Images per second of the clock, and per second of all threads' processor time. */
  wall: number;
  cpu: number;
  /** Resident megabytes after a tenth of the epochs, and at the end. */
  early: number;
  late: number;
}

const residentMegabytes = (): number => process.memoryUsage.rss() / 2 ** 20;

async function measure({ what, folder, count, threads, size }: DataJob): Promise<DataMeasurement> {
  addon().setThreads(1);
  using place = temporaryFolder();
  using dataset = await openDataset(await sourceOf(what, folder, size, place.path), { split: 'train' });
  const options = { ...loaderOptions(what, size), threads };
  using normalize = what === 'memory' ? undefined : firstOpOnly(size);
  await run(dataset, options, dataset.size, normalize); // warms up
  const epochs = Math.ceil(count / dataset.size);
  const [cpu, begin] = [process.cpuUsage(), performance.now()];
  let early = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    await run(dataset, options, dataset.size, normalize);
    if (epoch === Math.floor(epochs / 10)) early = residentMegabytes();
  }
  const { user, system } = process.cpuUsage(cpu);
  const images = epochs * dataset.size;
  return {
    wall: images / ((performance.now() - begin) / 1e3),
    cpu: images / ((user + system) / 1e6),
    early,
    late: residentMegabytes(),
  };
}

async function sourceOf(
  what: DataJob['what'],
  folder: string,
  size: number,
  place: string,
): Promise<DatasetConfig> {
  if (what === 'memory') return smallImages(size);
  if (what !== 'packed' && what !== 'raw') return files(folder, size);
  const path = join(place, 'images.spk');
  await packDataset(files(folder, size), path, { resize: 256, raw: what === 'raw' });
  return { kind: 'packed', path, size, normalize: 'imagenet' };
}

function files(folder: string, size: number): DatasetConfig {
  const images = readImages(folder);
  return { kind: 'encoded', train: { images, labels: images.map(() => 0) }, size, normalize: 'imagenet' };
}

/** 50,000 images of CIFAR's size, decoded, in memory. */
function smallImages(size: number): DatasetConfig {
  const random = new RandomStream(0, 'test', 0);
  const row = Uint8Array.from({ length: 3 * size * size * 50 }, () => random.integer(256));
  const pixels = new Uint8Array(row.length * 1000);
  for (let i = 0; i < 1000; i++) pixels.set(row, i * row.length);
  return {
    kind: 'arrays',
    train: { pixels, shape: [50_000, 3, size, size], labels: new Int32Array(50_000) },
    normalize: 'cifar',
  };
}

function loaderOptions(what: DataJob['what'], size: number): LoaderOptions {
  if (what === 'memory')
    return { batchSize: 256, shuffle: true, augment: { cropPadding: size / 8, flip: true } };
  const strength = { brightness: 0.4, contrast: 0.4, saturation: 0.4 };
  return {
    batchSize: 50,
    shuffle: true,
    augment: {
      randomResizedCrop: true,
      flip: true,
      ...(what === 'jitter' && { colorJitter: strength }),
    },
  };
}

/** Normalization is the first thing a network does; this one does hardly anything else. */
function firstOpOnly(size: number): Supernet {
  const layers = [fixed('pool', nn.averagePool()), fixed('fc', nn.linear({ out: 2 }))];
  return new Supernet(defineSpace({ name: 'pool', input: { channels: 3, size }, classes: 2, layers }), {
    kernels: 'fused',
  });
}

async function run(
  dataset: Dataset,
  options: LoaderOptions,
  images: number,
  network?: Supernet,
): Promise<void> {
  using loader = dataset.loader(options);
  let left = images;
  for await (const batch of loader.epoch(left)) {
    await network?.forward(batch, []);
    left -= batch.size;
    batch.dispose();
  }
}

console.log(JSON.stringify(await measure(JSON.parse(process.argv[2]!))));
