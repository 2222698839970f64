/*
 * Steps and candidates on a GPU, the same cases as bench/peer/pytorch_gpu.py: `node dist/bench/gpu/main.js bench [DEVICE]`,
 * or `count [DEVICE]` under scripts/gpu/count-calls.c, which prints calls of the CUDA runtime a step.
 */
import { RandomStream } from '../../src/core/rng.js';
import { addon } from '../../src/runtime/addon.js';
import type { NativeBatch } from '../../src/runtime/native.js';
import { getSpace } from '../../src/space/spaces/catalog.js';
import { Supernet } from '../../src/supernet/supernet.js';
import { median } from '../statistics.js';
import { STEP } from '../step.js';

interface Case {
  batch: number;
  size: number;
  precision: 'fp32' | 'bf16';
  steps: number;
  /** Timed one by one; 0: none, and no population. */
  candidates: number;
  kernels: 'fused' | 'aten';
  graphs: boolean;
}

/** Steps after which nearly every layer and choice has been met twice, and so is a CUDA graph. */
const WARM_UP = 40;
const POPULATION = 50;
/** Op by op, and what graphs and kernels make of it. */
const WAYS = [
  ['aten', false],
  ['aten', true],
  ['fused', true],
] as const;
const random = new RandomStream(0, 'test', 0);
const milliseconds = (value: number) => `${value.toFixed(2).padStart(8)} ms`;

function batchOf(count: number, size: number, classes: number): NativeBatch {
  const images = new Uint8Array(count * 3 * size * size);
  for (let i = 0; i < images.length; i++) images[i] = Math.imul(i, 2654435761) >>> 24;
  return new (addon().Batch)({
    images,
    shape: [count, 3, size, size],
    labels: Array.from({ length: count }, () => random.integer(classes)),
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
  });
}

async function measure(
  device: string,
  { batch, size, precision, steps, candidates, kernels, graphs }: Case,
): Promise<void> {
  const space = getSpace('spos-shufflenet-v2', { size, classes: 100 });
  const paths = (count: number) =>
    Array.from({ length: count }, () => space.genes.map((gene) => random.integer(gene.size)));
  using net = new Supernet(space, { device, kernels, precision, graphs });
  const batches = [batchOf(batch, size, 100), batchOf(batch, size, 100)];
  for (const path of paths(WARM_UP)) await net.step(batches[0]!, path, STEP);

  // As the training loop does it: the next step is called before the results of the one before are there.
  process.env.SP_COUNT = 'reset';
  let start = performance.now();
  let before: Promise<unknown> = Promise.resolve();
  for (const [i, path] of paths(steps).entries()) {
    const step = net.step(batches[i % 2]!, path, STEP);
    await before;
    before = step;
  }
  await before;
  const inFlight = (performance.now() - start) / steps;
  process.env.SP_COUNT = String(steps);

  const alone: number[] = [];
  for (const path of paths(steps)) {
    start = performance.now();
    await net.step(batches[0]!, path, STEP);
    alone.push(performance.now() - start);
  }
  const { peak = 0 } = addon().memory().devices[0] ?? {};
  const { recorded, refusal } = await net.graphs();
  if (refusal !== null) console.log(`not recorded: ${refusal}`);
  const name = `singlepath ${precision} batch ${batch} size ${size}, kernels ${kernels}, ${recorded === 0 ? 'no' : recorded} graphs`;
  console.log(
    `${name}: step ${milliseconds(inFlight)} called ahead, ${milliseconds(median(alone))} one by one, ` +
      `${((batch / inFlight) * 1000).toFixed(0)} images/s, peak ${(peak / 2 ** 30).toFixed(1)} GiB`,
  );
  if (candidates === 0) return;

  const settings = { calibration: [...batches, ...batches], validation: [...batches, ...batches] };
  await net.evaluate(paths(1), settings);
  start = performance.now();
  for (const path of paths(candidates)) await net.evaluate([path], settings);
  const each = (performance.now() - start) / candidates;
  start = performance.now();
  await net.evaluate(paths(POPULATION), settings);
  const shared = (performance.now() - start) / POPULATION;
  console.log(
    `${name}: candidate of 8 batches ${milliseconds(each)} alone, ${milliseconds(shared)} in a population of ${POPULATION}`,
  );
}

const [what = 'bench', device = 'cuda'] = process.argv.slice(2);
if (device !== 'cpu' && addon().devices().length < 2) {
  console.log('skipped: no CUDA device here');
} else if (device === 'cpu') {
  await measure(device, {
    batch: 4,
    size: 32,
    precision: 'bf16',
    steps: 3,
    candidates: 1,
    kernels: 'fused',
    graphs: true,
  });
} else if (what === 'count') {
  for (const [kernels, graphs] of WAYS)
    await measure(device, {
      batch: 64,
      size: 96,
      precision: 'bf16',
      steps: 20,
      candidates: 0,
      kernels,
      graphs,
    });
} else {
  for (const precision of ['bf16', 'fp32'] as const) {
    for (const [batch, size] of [
      [64, 96],
      [256, 224],
    ] as const) {
      for (const [kernels, graphs] of WAYS)
        await measure(device, {
          batch,
          size,
          precision,
          steps: 30,
          candidates: graphs ? 4 : 0,
          kernels,
          graphs,
        });
    }
  }
}
