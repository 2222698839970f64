import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { CostTable } from '../../src/cost/table.js';
import { openEvaluationCache } from '../../src/evaluate/cacheFile.js';
import { searchPhases } from '../../src/pipeline/search/searchPhases.js';
import type { CandidateLine } from '../../src/run/candidateFiles.js';
import { RunDirectory } from '../../src/run/directory.js';
import { readEvents } from '../../src/run/events.js';
import { EvaluationCache } from '../../src/search/cache.js';
import { evolutionarySearch } from '../../src/search/evolution.js';
import { nsga2 } from '../../src/search/nsga2.js';
import { randomSearch } from '../../src/search/random.js';
import { evaluator, WatchedSupernet } from '../evaluate/fixtures.js';
import { freshPath, tinySpace } from '../run/fixtures.js';
import { FakeNetwork } from '../train/fakes.js';

const space = tinySpace();
const SETTINGS = { calibration: [], validation: [] };
/** A cost that counts the genes' values. */
const table: CostTable = {
  metric: 'madds',
  base: 5,
  layers: [0, 1, 2].map((gene) => ({
    layer: gene,
    genes: [gene],
    sizes: [3],
    costs: Float64Array.of(0, 1, 2),
  })),
};

interface Attempt {
  supernet: FakeNetwork;
  signal?: AbortSignal;
  onGeneration?: () => void;
}

async function search(path: string, { supernet, signal, onGeneration }: Attempt) {
  using run = await RunDirectory.open(path, { kind: 'search', space, config: {}, resume: true });
  using file = openEvaluationCache(join(path, 'evaluations.jsonl'));
  const evaluate = evaluator(supernet, file.cache, { chunk: 2 });
  const options = { seed: 2, population: 6, generations: 3, topK: 3, ...(signal && { signal }) };
  return await searchPhases({
    space,
    costs: [table],
    run,
    signal,
    onGeneration,
    search: (resume) => evolutionarySearch(space, evaluate, { ...options, ...(resume && { resume }) }),
    baseline: (resume) => randomSearch(space, evaluate, { ...options, ...(resume && { resume }) }),
  });
}

test('the result has the winner with costs, top-k, history and the baseline', async () => {
  const path = freshPath();
  const result = await search(path, { supernet: new FakeNetwork(space) });
  assert.deepEqual(JSON.parse(readFileSync(join(path, 'result.json'), 'utf8')), result);
  const { winner, topK, history, baseline } = result;
  assert.deepEqual(winner, topK[0]);
  assert.equal(winner.costs.madds, 5 + winner.architecture.reduce((sum, value) => sum + value, 0));
  assert.deepEqual(
    winner.choices,
    winner.architecture.map((value) => 'abc'[value]),
  );
  assert.deepEqual(
    history.map(({ evaluated }) => evaluated),
    [6, 12, 18, 24],
  );
  assert.equal(history.at(-1)!.best, winner.score.accuracy);
  assert.equal(baseline!.method, 'random');
  assert.equal(baseline!.evaluated, 24);
  const generations = readEvents(join(path, 'events.jsonl')).filter(({ type }) => type === 'generation');
  assert.deepEqual(
    generations.map(({ step }) => step),
    [1, 2, 3, 4, 5, 6, 7, 8],
  );
  assert.ok(existsSync(join(path, 'tensorboard')));
});

test('stopped inside generations and resumed: the identical result, and nothing is scored twice', async () => {
  const whole = freshPath();
  const reference = new WatchedSupernet(space);
  await search(whole, { supernet: reference });

  const path = freshPath();
  const supernet = new WatchedSupernet(space);
  const files = ['candidates.jsonl', 'candidates.csv'] as const;
  for (let attempt = 0; attempt < 3; attempt++) {
    const controller = new AbortController();
    const calls = supernet.evaluated.length;
    supernet.evaluate = async (...args) => {
      // Raised during the fifth chunk: one generation and a part of the next are done by then.
      if (supernet.evaluated.length === calls + 4) controller.abort();
      return WatchedSupernet.prototype.evaluate.apply(supernet, args);
    };
    await assert.rejects(search(path, { supernet, signal: controller.signal }), {
      code: 'ABORTED',
      hint: /--resume/,
    });
    supernet.evaluated.pop(); // the call that was stopped scored nothing
    // Killed between the lines of a generation and its checkpoint: they are written again.
    for (const file of files) writeFileSync(join(path, file), 'torn', { flag: 'a' });
  }
  await search(path, { supernet });
  assert.equal(
    readFileSync(join(path, 'result.json'), 'utf8'),
    readFileSync(join(whole, 'result.json'), 'utf8'),
  );
  for (const file of files) {
    assert.equal(readFileSync(join(path, file), 'utf8'), readFileSync(join(whole, file), 'utf8'));
  }
  assert.deepEqual(
    supernet.evaluated.flat().map(String).sort(),
    reference.evaluated.flat().map(String).sort(),
  );
});

/** The lines of `candidates.jsonl`. */
const candidatesIn = (path: string): CandidateLine[] =>
  readFileSync(join(path, 'candidates.jsonl'), 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));

test('every candidate is listed as the search goes on, with score, costs, generation and parents', async () => {
  const path = freshPath();
  const counts: number[] = [];
  const onGeneration = () => counts.push(candidatesIn(path).length);
  const supernet = new FakeNetwork(space);
  await search(path, { supernet, onGeneration });
  assert.deepEqual(counts, [6, 12, 18, 24, 30, 36, 42, 48]);

  const lines = candidatesIn(path);
  const made = new Map<string, number>();
  for (const { phase, generation, origin, architecture, accuracy, loss, costs, parents } of lines) {
    const { correct, loss: losses, images } = await supernet.evaluate([architecture], SETTINGS);
    assert.deepEqual([accuracy, loss], [correct[0]! / images, losses[0]]);
    assert.deepEqual(costs, { madds: 5 + architecture.reduce((sum, value) => sum + value, 0) });
    assert.equal(parents.length, { random: 0, mutation: 1, crossover: 2 }[origin]);
    for (const parent of parents) assert.ok(made.get(`${phase} ${parent}`)! < generation);
    if (origin === 'crossover') {
      assert.ok(architecture.every((value, gene) => parents.some((parent) => parent[gene] === value)));
    }
    made.set(`${phase} ${architecture}`, generation);
  }
  assert.deepEqual(new Set(lines.map(({ origin }) => origin)), new Set(['random', 'mutation', 'crossover']));

  const [header, ...rows] = readFileSync(join(path, 'candidates.csv'), 'utf8').trimEnd().split('\n');
  assert.equal(header, 'phase,generation,origin,architecture,accuracy,top5,loss,madds,parents');
  const same = lines.map((one) => {
    const genes = (architecture: number[]) => architecture.join('-');
    const { phase, generation, origin, architecture, accuracy, top5, loss, costs, parents } = one;
    const ancestors = parents.map(genes).join(' ');
    return [
      phase,
      generation,
      origin,
      genes(architecture),
      accuracy,
      top5,
      loss,
      costs.madds,
      ancestors,
    ].join();
  });
  assert.deepEqual(rows, same);
});

test('right after a resume every candidate of before is listed', async () => {
  const path = freshPath();
  const stop = new AbortController();
  const first = search(path, {
    supernet: new FakeNetwork(space),
    signal: stop.signal,
    onGeneration: () => stop.abort(),
  });
  await assert.rejects(first, { code: 'ABORTED' });
  const before = candidatesIn(path);
  assert.equal(before.length, 6);
  rmSync(join(path, 'candidates.jsonl'));
  const again = new AbortController();
  again.abort();
  await assert.rejects(search(path, { supernet: new FakeNetwork(space), signal: again.signal }), {
    code: 'ABORTED',
  });
  assert.deepEqual(candidatesIn(path), before);
});

test('a multi-objective search reports its front', async () => {
  const evaluate = evaluator(new FakeNetwork(space), new EvaluationCache());
  const result = await searchPhases({
    space,
    costs: [table],
    search: () => nsga2(space, evaluate, [table], { seed: 1, population: 8, generations: 2 }),
  });
  assert.ok(result.front!.length > 1);
  for (const [i, member] of result.front!.entries()) {
    if (i > 0)
      assert.ok(member.costs.madds! < result.front![i - 1]!.costs.madds!, 'less accurate must be cheaper');
  }
});

test('what was measured of finalists is in the result, the others have nothing', async () => {
  const evaluate = evaluator(new FakeNetwork(space), new EvaluationCache());
  const result = await searchPhases({
    space,
    costs: [table],
    search: () => randomSearch(space, evaluate, { seed: 1, population: 6, generations: 0, topK: 3 }),
    finalists: async (visited) =>
      visited.slice(0, 2).map(({ architecture, score }) => ({ architecture, score, rungs: [] })),
    confirm: async (found) => ({
      ...found,
      topK: found.topK.map((one, i) => ({ ...one, measured: i === 0 ? { 'latency[a.lut]': 5 } : {} })),
    }),
  });
  assert.deepEqual(
    result.finalists!.map(({ measured }) => measured),
    [{ 'latency[a.lut]': 5 }, undefined],
  );
});
