/*
 * A process that trains or searches until it ends or is killed: `node child.js train|search DIRECTORY fake|native`.
 * It prints a line when work begins. Killed at random points by kill.test.ts.
 */
import { join } from 'node:path';
import { openDataset } from '../../src/data/open.js';
import { evaluationKey, openEvaluationCache } from '../../src/evaluate/cacheFile.js';
import { populationEvaluator } from '../../src/evaluate/population.js';
import { searchPhases } from '../../src/evaluate/searchPhases.js';
import { RunDirectory } from '../../src/run/directory.js';
import { UniformSampler } from '../../src/sampling/uniform.js';
import { evolutionarySearch } from '../../src/search/evolution.js';
import { randomSearch } from '../../src/search/random.js';
import { getSpace } from '../../src/space/spaces/catalog.js';
import { Supernet } from '../../src/supernet/supernet.js';
import { trainSupernet } from '../../src/train/supernet.js';
import { tinySpace } from '../run/fixtures.js';
import { FakeBatch, FakeLoader, FakeNetwork } from './fakes.js';

const [work, path, kind] = process.argv.slice(2) as ['train' | 'search', string, 'fake' | 'native'];
const seed = 11;
const config = { work, kind, seed };

async function resources() {
  if (kind === 'fake') {
    const space = tinySpace();
    const supernet = new FakeNetwork(space);
    supernet.delay = 1;
    const batches = [new FakeBatch(0)];
    return { space, supernet, loader: new FakeLoader(16), batches };
  }
  const space = getSpace('spos-shufflenet-v2-cifar', { size: 32, classes: 4 });
  const images = await openDataset(
    { kind: 'synthetic', shape: [3, 32, 32], classes: 4, trainImages: 64, seed },
    { split: 'train' },
  );
  const supernet = new Supernet(space, { seed });
  const loader = images.loader({
    batchSize: 8,
    shuffle: true,
    seed,
    augment: { flip: true, cropPadding: 2 },
  });
  return { space, supernet, loader, batches: await images.batches({ batchSize: 32 }) };
}

const { space, supernet, loader, batches } = await resources();
using run = await RunDirectory.open(path, { kind: work, space, config, resume: true });
console.log('working');

if (work === 'train') {
  await trainSupernet({
    supernet,
    loader,
    sampler: new UniformSampler(space, seed),
    seed,
    run,
    recipe: {
      steps: kind === 'fake' ? 200 : 60,
      accumulate: 2,
      learningRate: 0.05,
      schedule: 'cosine',
      warmupSteps: 10,
      momentum: 0.9,
      nesterov: false,
      weightDecay: 4e-5,
      labelSmoothing: 0.1,
      clipGradientNorm: 5,
      checkpointEvery: 5,
      logEvery: 10,
    },
  });
} else {
  using file = openEvaluationCache(join(path, 'evaluations.jsonl'));
  const evaluate = populationEvaluator({
    supernet,
    calibration: batches,
    validation: batches,
    cache: file.cache,
    key: evaluationKey('weights', config),
    chunk: 3,
  });
  const options = { seed, population: 8, generations: kind === 'fake' ? 2 : 3, topK: 4 };
  await searchPhases({
    space,
    costs: [],
    run,
    search: (resume) => evolutionarySearch(space, evaluate, { ...options, ...(resume && { resume }) }),
    baseline: (resume) => randomSearch(space, evaluate, { ...options, ...(resume && { resume }) }),
  });
}
