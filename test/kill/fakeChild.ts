/*
 * A process that trains or searches until it ends or is killed: `node fakeChild.js train|search DIRECTORY`, with
 * a network that is none. It prints a line when work begins.
 */
import { join } from 'node:path';
import { evaluationKey, openEvaluationCache } from '../../src/evaluate/cacheFile.js';
import { populationEvaluator } from '../../src/evaluate/population.js';
import { searchPhases } from '../../src/pipeline/search/searchPhases.js';
import { RunDirectory } from '../../src/run/directory.js';
import { UniformSampler } from '../../src/sampling/uniform.js';
import { evolutionarySearch } from '../../src/search/evolution.js';
import { randomSearch } from '../../src/search/random.js';
import { trainSupernet } from '../../src/train/supernet.js';
import { tinySpace } from '../run/fixtures.js';
import { FakeBatch, FakeLoader, FakeNetwork } from '../train/fakes.js';

const [work, path] = process.argv.slice(2) as ['train' | 'search', string];
const seed = 11;
const config = { work, seed };

const space = tinySpace();
const supernet = new FakeNetwork(space);
supernet.delay = 1;
const loader = new FakeLoader(16);
const batches = [new FakeBatch(0)];
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
      steps: 200,
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
  const options = { seed, population: 8, generations: 2, topK: 4 };
  await searchPhases({
    space,
    costs: [],
    run,
    search: (resume) => evolutionarySearch(space, evaluate, { ...options, ...(resume && { resume }) }),
    baseline: (resume) => randomSearch(space, evaluate, { ...options, ...(resume && { resume }) }),
  });
}
