/** Does memory stay flat over many random paths? Steps of the demo's supernet, resident memory at ten points. */
import { RandomStream } from '../src/core/rng.js';
import { UniformSampler } from '../src/index.js';
import { addon } from '../src/runtime/addon.js';
import { getSpace } from '../src/space/spaces/catalog.js';
import { Supernet } from '../src/supernet/supernet.js';
import type { BenchSettings } from './settings.js';
import { STEP } from './step.js';

const MEGABYTE = 2 ** 20;

export async function flat({ batch, steps, threads }: BenchSettings): Promise<void> {
  addon().setThreads(threads);
  const space = getSpace('spos-shufflenet-v2-28');
  const { channels, size } = space.input;
  using supernet = new Supernet(space);
  const sampler = new UniformSampler(space, 0);
  const random = new RandomStream(0, 'test', 0);
  const images = Float32Array.from(
    { length: batch * channels * size * size },
    () => 2 * random.uniform() - 1,
  );
  const labels = Array.from({ length: batch }, () => random.integer(space.classes));
  const data = new (addon().Batch)({ images, shape: [batch, channels, size, size], labels });
  for (let step = 1; step <= steps; step++) {
    await supernet.step(data, sampler.at(step), STEP);
    if (step !== 1 && step % Math.ceil(steps / 10) !== 0) continue;
    const { allocated, cached } = addon().memory();
    console.log(
      `step ${step}: ${(process.memoryUsage.rss() / MEGABYTE).toFixed(1)} MB resident, tensors ` +
        `${(allocated / MEGABYTE).toFixed(1)} MB in use, ${(cached / MEGABYTE).toFixed(1)} MB kept for reuse`,
    );
  }
}
