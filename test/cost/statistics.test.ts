import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { RandomStream } from '../../src/core/rng.js';
import { costTable } from '../../src/cost/cost.js';
import { costStatistics, spaceSize } from '../../src/cost/statistics.js';
import { tableCost } from '../../src/cost/table.js';
import { getSpace } from '../../src/space/spaces/catalog.js';
import { chain, everyArchitecture, shufflenet } from '../sampling/fixtures.js';

describe('costStatistics', () => {
  for (const [source, { space, table }] of [
    ['the published block costs', shufflenet],
    ['the graph', ((s) => ({ space: s, table: costTable(s, 'madds') }))(getSpace('spos-shufflenet-v2'))],
  ] as const) {
    it(`gives the published figures of the ShuffleNet space from ${source}`, () => {
      const statistics = costStatistics(space, table);
      assert.equal(spaceSize(space), 4n ** 20n);
      assert.equal(statistics.min, 270_359_360);
      assert.equal(statistics.max, 398_609_216);
      assert.equal(statistics.mean, 327_174_272);
      assert.equal(statistics.resolution, 0);
      // Published from a sample: 11.82 M, 0.590, 0.271, 0.0118.
      assert.ok(Math.abs(statistics.sd - 11.82e6) < 0.02e6);
      assert.ok(Math.abs(statistics.fractionAtMost(330e6) - 0.59) < 0.001);
      assert.ok(Math.abs(statistics.fractionAtMost(320e6) - 0.271) < 0.001);
      assert.ok(Math.abs(statistics.fractionAtMost(300e6) - 0.0118) < 0.0002);
      assert.equal(tableCost(table, statistics.argmin), statistics.min);
      assert.equal(tableCost(table, statistics.argmax), statistics.max);
    });
  }

  const rowsOf = (seed: number, largest: number) => {
    const random = new RandomStream(seed, 'test', 0);
    return Array.from({ length: 5 }, () =>
      Array.from({ length: 1 + random.integer(4) }, () => random.uniform() * largest),
    );
  };
  const ascending = (a: number, b: number) => a - b;

  it('equals statistics over every architecture', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const { space, table } = chain(
          rowsOf(seed, 60).map((row) => row.map((cost) => 7 * Math.round(cost))),
          { base: 3 },
        );
        const costs = [...everyArchitecture(space)].map((a) => tableCost(table, a)).sort(ascending);
        const mean = costs.reduce((a, b) => a + b, 0) / costs.length;
        const variance = costs.reduce((sum, cost) => sum + (cost - mean) ** 2, 0) / costs.length;
        const statistics = costStatistics(space, table);
        assert.equal(statistics.min, costs[0]);
        assert.equal(statistics.max, costs[costs.length - 1]);
        assert.ok(Math.abs(statistics.mean - mean) < 1e-9);
        assert.ok(Math.abs(statistics.sd - Math.sqrt(variance)) < 1e-9);
        for (const p of [0, 0.1, 0.5, 0.9, 1]) {
          assert.equal(statistics.quantile(p), costs[Math.max(0, Math.ceil(p * costs.length - 1e-9) - 1)]);
        }
        for (let limit = 0; limit < 400; limit += 13) {
          const share = costs.filter((cost) => cost <= limit).length / costs.length;
          assert.ok(Math.abs(statistics.fractionAtMost(limit) - share) < 1e-12);
        }
      }),
    );
  });

  it('stays within its stated resolution when sums are merged', () => {
    for (let seed = 0; seed < 30; seed++) {
      const { space, table } = chain(rowsOf(seed, 1));
      const costs = [...everyArchitecture(space)].map((a) => tableCost(table, a)).sort(ascending);
      const statistics = costStatistics(space, table, { maxBins: 200 });
      const share = (limit: number) => costs.filter((cost) => cost <= limit).length / costs.length;
      if (statistics.min < statistics.max) assert.ok(statistics.resolution > 0);
      for (let limit = 0; limit < 5; limit += 0.1) {
        const fraction = statistics.fractionAtMost(limit);
        assert.ok(fraction >= share(limit - statistics.resolution) - 1e-12);
        assert.ok(fraction <= share(limit + statistics.resolution) + 1e-12);
      }
      for (const p of [0.1, 0.5, 0.9]) {
        const cost = costs[Math.ceil(p * costs.length) - 1]!;
        assert.ok(Math.abs(statistics.quantile(p) - cost) <= statistics.resolution + 1e-12);
      }
    }
  });
});
