import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RandomStream } from '../../src/core/rng.js';
import { tableCost } from '../../src/cost/table.js';
import { FeasibleSet } from '../../src/sampling/feasible.js';
import { crossover, evolutionarySearch, mutate } from '../../src/search/evolution.js';
import { randomSearch } from '../../src/search/random.js';
import { chain, everyArchitecture, shufflenet } from '../sampling/fixtures.js';
import { additiveScore, lastOf, recording, statesOf } from './fixtures.js';

const { space, table } = shufflenet;
const { accuracy } = additiveScore(space, 1);

describe('evolutionarySearch', () => {
  it('evaluates 50 + 20 x 50 = 1,050 legal architectures, each once, and keeps the ten best of all', async () => {
    const feasible = new FeasibleSet(space, [{ table, atMost: 320e6 }]);
    const { evaluate, asked, calls } = recording(accuracy);
    const states = await statesOf(evolutionarySearch(space, evaluate, { feasible }));
    assert.deepEqual(calls, new Array(21).fill(50));
    assert.equal(new Set(asked).size, 1050);
    assert.deepEqual(
      states.map(({ generation }) => generation),
      [...Array(21).keys()],
    );
    assert.deepEqual(
      states.map(({ done }) => done),
      [...new Array(20).fill(false), true],
    );

    const { visited, topK } = states[20]!;
    assert.deepEqual(
      visited.map(({ architecture }) => architecture.join()),
      asked,
    );
    for (const { architecture } of visited) assert.ok(tableCost(table, architecture) <= 320e6);
    const all = visited.map(({ score }) => score.accuracy).sort((a, b) => b - a);
    assert.deepEqual(
      topK.map(({ score }) => score.accuracy),
      all.slice(0, 10),
    );
    const born = (generation: number, origin: string) =>
      visited.filter((c) => c.generation === generation && c.origin === origin).length;
    assert.equal(born(0, 'random'), 50);
    assert.deepEqual([born(1, 'mutation'), born(1, 'crossover')], [25, 25]);
    // Later the parents are alike and crossovers repeat; random architectures take their place.
    for (let generation = 2; generation <= 20; generation++) {
      assert.equal(born(generation, 'mutation'), 25);
      assert.equal(born(generation, 'crossover') + born(generation, 'random'), 25);
    }
  });

  it('goes by accuracy where a score model tells candidates not apart', async () => {
    const { evaluate } = recording(accuracy);
    const valuation = (visited: readonly object[]) => visited.map(() => ({ mean: 0, deviation: 1 }));
    const states = await statesOf(
      evolutionarySearch(space, evaluate, { population: 20, generations: 1, valuation }),
    );
    const { visited, topK } = states.at(-1)!;
    assert.equal(topK[0]!.score.accuracy, Math.max(...visited.map(({ score }) => score.accuracy)));
  });

  it('finds the optimum of an additive score under a constraint', async () => {
    // 4^8 architectures: small enough to know the best one.
    const rows = space.genes.slice(0, 8).map((_, g) => [...table.layers[g]!.costs]);
    const small = chain(rows);
    const truth = additiveScore(small.space, 5);
    const limit = 105e6;
    const legal = [...everyArchitecture(small.space)].filter((a) => tableCost(small.table, a) <= limit);
    const best = Math.max(...legal.map(truth.accuracy));
    assert.ok(
      best < Math.max(...[...everyArchitecture(small.space)].map(truth.accuracy)),
      'the constraint matters',
    );
    const feasible = new FeasibleSet(small.space, [{ table: small.table, atMost: limit }]);
    for (let seed = 0; seed < 5; seed++) {
      const { topK } = await lastOf(
        evolutionarySearch(small.space, recording(truth.accuracy).evaluate, { seed, feasible }),
      );
      assert.equal(topK[0]!.score.accuracy, best);
    }
  });

  it('beats random search with the same budget', async () => {
    const evolved = await lastOf(evolutionarySearch(space, recording(accuracy).evaluate));
    const random = await lastOf(randomSearch(space, recording(accuracy).evaluate));
    assert.equal(random.visited.length, evolved.visited.length);
    assert.equal(new Set(random.visited.map(({ architecture }) => architecture.join())).size, 1050);
    assert.ok(evolved.topK[0]!.score.accuracy > random.topK[0]!.score.accuracy + 1);
  });

  it('resumes to the identical result from the state after any generation', async () => {
    const options = {
      seed: 3,
      population: 12,
      generations: 6,
      feasible: new FeasibleSet(space, [{ table, atMost: 300e6 }]),
    };
    const states = await statesOf(evolutionarySearch(space, recording(accuracy).evaluate, options));
    for (const state of states) {
      const resume = JSON.parse(JSON.stringify(state));
      const { evaluate, asked } = recording(accuracy);
      const last = await lastOf(evolutionarySearch(space, evaluate, { ...options, resume }));
      assert.deepEqual(last, states[6]);
      assert.equal(asked.length, 84 - state.visited.length);
    }
  });

  it('goes on from a finished search when more generations are asked for', async () => {
    const run = (generations: number, resume?: object) =>
      lastOf(
        evolutionarySearch(space, recording(accuracy).evaluate, { population: 10, generations, ...resume }),
      );
    assert.deepEqual(await run(5, { resume: await run(2) }), await run(5));
  });

  it('is a function of the seed', async () => {
    const run = (seed: number) =>
      lastOf(
        evolutionarySearch(space, recording(accuracy).evaluate, { seed, population: 8, generations: 2 }),
      );
    assert.deepEqual(await run(1), await run(1));
    assert.notDeepEqual((await run(1)).visited, (await run(2)).visited);
  });

  it('evaluates all and stops with a note when fewer architectures are legal than the budget', async () => {
    const tiny = chain([
      [1, 2, 3],
      [1, 2, 3],
      [1, 2, 3],
    ]);
    const truth = additiveScore(tiny.space, 1);
    const feasible = new FeasibleSet(tiny.space, [{ table: tiny.table, atMost: 6 }]);
    for (const population of [50, 8, 17, 1]) {
      const { evaluate, asked } = recording(truth.accuracy);
      const last = await lastOf(
        evolutionarySearch(tiny.space, evaluate, { population, feasible, generations: 40 }),
      );
      assert.equal(asked.length, 17);
      assert.equal(new Set(asked).size, 17);
      assert.equal(last.done, true);
      assert.match(last.note!, /All legal architectures are evaluated after 17/);
      assert.deepEqual(
        await lastOf(
          evolutionarySearch(tiny.space, evaluate, { population, feasible, generations: 40, resume: last }),
        ),
        last,
      );
    }
  });

  it('fills a generation with random legal architectures when children repeat', async () => {
    const { visited } = await lastOf(
      evolutionarySearch(space, recording(accuracy).evaluate, {
        population: 10,
        generations: 3,
        mutationProbability: 0,
        crossovers: 0,
      }),
    );
    assert.equal(visited.length, 40);
    assert.ok(visited.every(({ origin }) => origin === 'random'));
  });

  it('stops when it is aborted, before the next evaluation', async () => {
    const controller = new AbortController();
    const { evaluate, calls } = recording(accuracy);
    const search = evolutionarySearch(space, evaluate, { population: 5, signal: controller.signal });
    await assert.rejects(
      async () => {
        for await (const { generation } of search) if (generation === 1) controller.abort();
      },
      { code: 'ABORTED' },
    );
    assert.equal(calls.length, 2);
  });

  it('hands its signal to the evaluation', async () => {
    const controller = new AbortController();
    const search = evolutionarySearch(
      space,
      async (architectures, { signal }) => {
        controller.abort();
        assert.equal(signal!.aborted, true);
        return architectures.map(() => ({ accuracy: 0 }));
      },
      { signal: controller.signal },
    );
    await assert.rejects(lastOf(search), { code: 'ABORTED' });
  });

  it('refuses scores that are no numbers, foreign states and impossible settings', async () => {
    const { evaluate } = recording(accuracy);
    await assert.rejects(
      lastOf(evolutionarySearch(space, recording(() => Number.NaN).evaluate)),
      /accuracy of/,
    );
    await assert.rejects(lastOf(evolutionarySearch(space, async () => [])), /50 scores/);
    const state = await lastOf(evolutionarySearch(space, evaluate, { population: 4, generations: 1 }));
    await assert.rejects(lastOf(evolutionarySearch(space, evaluate, { seed: 1, resume: state })), /seed/);
    await assert.rejects(lastOf(randomSearch(space, evaluate, { resume: state })), /method/);
    const feasible = new FeasibleSet(space, [{ table, atMost: 280e6 }]);
    await assert.rejects(
      lastOf(evolutionarySearch(space, evaluate, { feasible, resume: state })),
      /meet the constraints/,
    );
    assert.throws(
      () => evolutionarySearch(space, evaluate, { population: 10, mutations: 8, crossovers: 8 }),
      /at most 10 children/,
    );
    await assert.rejects(lastOf(evolutionarySearch(space, evaluate, { population: 0 })), /population/);
    assert.throws(() => evolutionarySearch(space, evaluate, { mutationProbability: 2 }), /probability/);
  });
});

describe('mutation and crossover', () => {
  it('redraw each gene with the probability given, and take each gene from either parent', () => {
    const zeros = new Array(20).fill(0);
    const ones = new Array(20).fill(1);
    let [redrawn, second] = [0, 0];
    for (let i = 0; i < 2000; i++) {
      const random = new RandomStream(1, 'test', i);
      redrawn += mutate(space, zeros, 0.1, random).filter((value) => value !== 0).length;
      second += crossover(zeros, ones, random).filter((value) => value === 1).length;
    }
    // A redrawn gene keeps its value once in four.
    assert.ok(Math.abs(redrawn / 40_000 - 0.075) < 0.005, `${redrawn}`);
    assert.ok(Math.abs(second / 40_000 - 0.5) < 0.01, `${second}`);
  });
});
