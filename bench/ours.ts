/** One measurement of singlepath in a process of its own: the counterpart of peer/pytorch_supernet.py. */
import { RandomStream } from '../src/core/rng.js';
import { addon } from '../src/runtime/addon.js';
import type { NativeBatch } from '../src/runtime/native.js';
import { Supernet } from '../src/supernet/supernet.js';
import type { BenchSettings } from './settings.js';
import { CANDIDATE_BATCHES, type Measurement, spaceOf, WARMUP_STEPS } from './sides.js';
import { median } from './statistics.js';
import { STEP } from './step.js';

interface Job extends BenchSettings {
  kernels: 'fused' | 'aten';
  precision: 'fp32' | 'bf16';
  paths: number[][];
}

const job = JSON.parse(process.argv[2] ?? '') as Job;
addon();
const bareMegabytes = process.memoryUsage.rss() / 2 ** 20;
const space = spaceOf(job);
using supernet = new Supernet(space, { kernels: job.kernels, precision: job.precision });
// One array for all: a batch copies it, and garbage would count as ours in the peak of memory.
const images = new Float32Array(job.batch * space.input.channels * space.input.size ** 2);
const batches = Array.from({ length: CANDIDATE_BATCHES }, (_, i) => randomBatch(i));
const pathAt = (i: number) => job.paths[i % job.paths.length]!;

const result: Measurement = { seconds: 0, rssMegabytes: 0, bareMegabytes };
if (job.what === 'evaluate') {
  const settings = { calibration: batches, validation: batches };
  const alone = async (i: number) => supernet.evaluate([pathAt(i)], settings);
  await alone(0);
  result.seconds = await medianSeconds(job.candidates, alone);
  if (job.kernels === 'fused') {
    const population = neighbours(job.population);
    const start = performance.now();
    await supernet.evaluate(population, settings);
    result.sharedSeconds = (performance.now() - start) / 1000 / population.length;
  }
} else {
  const step = async (i: number) => supernet.step(batches[i % CANDIDATE_BATCHES]!, pathAt(i), STEP);
  for (let i = 0; i < WARMUP_STEPS; i++) await step(i);
  const [start, before] = [performance.now(), process.cpuUsage()];
  result.seconds = await medianSeconds(job.steps, (i) => step(WARMUP_STEPS + i));
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(before);
  result.imagesPerSecond = (job.steps * job.batch) / seconds;
  result.cores = (user + system) / 1e6 / seconds;
}
result.rssMegabytes = process.resourceUsage().maxRSS / 1024;
console.log(JSON.stringify(result));

async function medianSeconds(count: number, run: (i: number) => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    await run(i);
    times.push((performance.now() - start) / 1000);
  }
  return median(times);
}

function randomBatch(index: number): NativeBatch {
  const random = new RandomStream(0, 'test', index);
  const { batch } = job;
  const { channels, size } = space.input;
  const labels = Array.from({ length: batch }, () => random.integer(space.classes));
  // A cheap generator is enough here; the counter-based one would take seconds for millions of pixels.
  let state = index + 1;
  for (let i = 0; i < images.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    images[i] = state / 2 ** 31 - 1;
  }
  return new (addon().Batch)({ images, shape: [batch, channels, size, size], labels });
}

/** A generation of Algorithm 1: half mutations (p = 0.1), half crossovers of ten parents. */
function neighbours(count: number): number[][] {
  const random = new RandomStream(1, 'test', 0);
  const draw = () => space.genes.map((gene) => random.integer(gene.size));
  const parents = Array.from({ length: 10 }, draw);
  const parent = () => parents[random.integer(parents.length)]!;
  return Array.from({ length: count }, (_, i) => {
    const [a, b] = [parent(), parent()];
    return space.genes.map((gene, g) => {
      if (i % 2 === 0) return random.uniform() < 0.1 ? random.integer(gene.size) : a[g]!;
      return (random.uniform() < 0.5 ? a : b)[g]!;
    });
  });
}
