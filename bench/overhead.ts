/** What a training step costs beside the network's own work. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  choiceLayer,
  datasetFromArrays,
  defineSpace,
  fixed,
  nn,
  objectSource,
  RunDirectory,
  resolveConfig,
  Supernet,
  UniformSampler,
} from '../src/index.js';
import { recipeOf } from '../src/pipeline/setup/fromConfig.js';
import { addon } from '../src/runtime/addon.js';
import { trainingLoop } from '../src/train/loop.js';
import type { TrainableNetwork } from '../src/train/stepsInFlight.js';
import type { BenchSettings } from './settings.js';

const LAYERS = 20; // genes to draw, as many as the paper's space has

export async function overhead({ steps, threads }: BenchSettings): Promise<void> {
  addon().setThreads(threads);
  const layer = choiceLayer({ choices: { a: nn.identity, b: nn.identity } });
  const space = defineSpace({
    name: 'nothing',
    input: { channels: 1, size: 1 },
    classes: 2,
    layers: [
      ...Array.from({ length: LAYERS }, () => layer),
      fixed('head', nn.averagePool(), nn.linear({ out: 2 })),
    ],
  });
  using images = await datasetFromArrays({
    pixels: Uint8Array.from({ length: 1000 }, (_, i) => i % 256),
    shape: [1000, 1, 1, 1],
    labels: Array.from({ length: 1000 }, (_, i) => i % 2),
  });
  using loader = images.loader({ batchSize: 2, shuffle: true, dropLast: true });
  using supernet = new Supernet(space);
  const answer = { loss: 1, correct: 0, images: 2, gradientNorm: Number.NaN };
  const networks: Record<string, TrainableNetwork> = {
    'loop, sampling, batches and events': {
      step: async () => answer,
      state: () => supernet.state(),
      load: (entries) => supernet.load(entries),
    },
    'the same with the engine and one linear layer': supernet,
  };
  const config = resolveConfig([objectSource({ train: { steps, learningRate: 0.01 } }, 'bench')]);
  const recipe = recipeOf(config.train, loader.batchesPerEpoch);
  const folder = mkdtempSync(join(tmpdir(), 'singlepath-bench-'));
  try {
    for (const [name, network] of Object.entries(networks)) {
      using run = await RunDirectory.open(join(folder, name), { kind: 'train', space, config: {} });
      const sampler = new UniformSampler(space, 0);
      const start = performance.now();
      await trainingLoop({ network, loader, sampler, recipe, seed: 0, run });
      const microseconds = ((performance.now() - start) * 1000) / steps;
      console.log(`${name}: ${microseconds.toFixed(0)} µs a step, over ${steps} steps`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
