import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { tableCost } from '../../src/cost/table.js';
import { FeasibleSet } from '../../src/sampling/feasible.js';
import { nsga2 } from '../../src/search/nsga2.js';
import { crowdingDistance, dominates, nonDominatedSort, paretoFront } from '../../src/search/pareto.js';
import { randomSearch } from '../../src/search/random.js';
import type { Architecture } from '../../src/space/types.js';
import { chain, everyArchitecture, shufflenet } from '../sampling/fixtures.js';
import { additiveScore, lastOf, recording, statesOf } from './fixtures.js';

const rows = [
  [5, 9, 2, 7],
  [3, 1, 8, 6],
  [4, 4, 9, 1],
  [2, 7, 5, 3],
  [8, 1, 6, 2],
];
const { space, table } = chain(rows);
const params = chain(
  rows.map((row) => row.map((cost) => (cost * 7) % 11)),
  { metric: 'params' },
).table;
const { accuracy } = additiveScore(space, 2);

/** Architectures that no other one beats, by comparing all pairs. */
function bruteForceFront(points: { key: string; objectives: number[] }[]): string[] {
  return points
    .filter((a) => !points.some((b) => dominates(b.objectives, a.objectives)))
    .map(({ key }) => key)
    .sort();
}

describe('nsga2', () => {
  for (const tables of [[table], [table, params]]) {
    it(`finds the brute-force front of accuracy against ${tables.map((t) => t.metric).join(' and ')}`, async () => {
      const feasible = new FeasibleSet(space, [{ table, atMost: 30 }]);
      const truth = bruteForceFront(
        [...everyArchitecture(space)]
          .filter((a) => tableCost(table, a) <= 30)
          .map((a) => ({ key: a.join(), objectives: [-accuracy(a), ...tables.map((t) => tableCost(t, a))] })),
      );
      const { evaluate, asked } = recording(accuracy);
      const { front } = await lastOf(
        nsga2(space, evaluate, tables, { feasible, population: 30, generations: 17 }),
      );
      assert.ok(BigInt(asked.length) < feasible.count, 'without looking at all of them');
      assert.deepEqual(front!.map(({ architecture }) => architecture.join()).sort(), truth);
      for (const { architecture, score, costs } of front!) {
        assert.equal(score.accuracy, accuracy(architecture));
        for (const { metric } of tables)
          assert.equal(costs[metric], tableCost(metric === 'madds' ? table : params, architecture));
      }
      const accuracies = front!.map(({ score }) => score.accuracy);
      assert.deepEqual(
        accuracies,
        [...accuracies].sort((a, b) => b - a),
      );
    });
  }

  it('spreads over the whole front of a large space', async () => {
    const score = additiveScore(shufflenet.space, 3);
    const run = await lastOf(nsga2(shufflenet.space, recording(score.accuracy).evaluate, [shufflenet.table]));
    assert.equal(run.visited.length, 1050);
    const random = await lastOf(randomSearch(shufflenet.space, recording(score.accuracy).evaluate));
    const costs = (members: readonly { architecture: Architecture }[]) =>
      members.map(({ architecture }) => tableCost(shufflenet.table, architecture));
    assert.ok(Math.min(...costs(run.front!)) < 275e6); // the smallest possible is 270.4M
    assert.ok(Math.min(...costs(random.visited)) > 285e6);
    assert.ok(run.front![0]!.score.accuracy > random.topK[0]!.score.accuracy + 1);
    assert.ok(run.front!.length > 20);
  });

  it('resumes to the identical result from the state after any generation', async () => {
    const options = { seed: 5, population: 10, generations: 5 };
    const states = await statesOf(nsga2(space, recording(accuracy).evaluate, [table, params], options));
    for (const state of states) {
      const resume = JSON.parse(JSON.stringify(state));
      const last = await lastOf(
        nsga2(space, recording(accuracy).evaluate, [table, params], { ...options, resume }),
      );
      assert.deepEqual(last, states[5]);
    }
  });
});

describe('Pareto tools', () => {
  const points = fc.array(fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 3, maxLength: 3 }), {
    maxLength: 40,
  });

  it('sort into fronts: each point is beaten by one of the front before, by none of its own', () => {
    fc.assert(
      fc.property(points, (all) => {
        const fronts = nonDominatedSort(all);
        assert.deepEqual(
          fronts.flat().sort((a, b) => a - b),
          all.map((_, i) => i),
        );
        fronts.forEach((front, f) => {
          for (const i of front) {
            assert.ok(!front.some((j) => dominates(all[j]!, all[i]!)));
            assert.ok(f === 0 || fronts[f - 1]!.some((j) => dominates(all[j]!, all[i]!)));
          }
        });
        assert.deepEqual(paretoFront(all), fronts[0] ?? []);
      }),
    );
  });

  it('measure crowding as the size of the box between neighbours', () => {
    assert.deepEqual(
      crowdingDistance([
        [0, 4],
        [1, 2],
        [4, 0],
        [3, 1],
      ]),
      [Infinity, 3 / 4 + 3 / 4, Infinity, 3 / 4 + 2 / 4],
    );
  });
});
