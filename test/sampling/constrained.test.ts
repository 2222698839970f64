import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { costTable } from '../../src/cost/cost.js';
import { tableCost } from '../../src/cost/table.js';
import { BinnedSampler, ConstrainedSampler } from '../../src/sampling/constrained.js';
import { FeasibleSet, feasibleSet } from '../../src/sampling/feasible.js';
import { getSpace } from '../../src/space/spaces/catalog.js';
import { chain, chiSquareDeviation, shufflenet } from './fixtures.js';

describe('ConstrainedSampler', () => {
  it('gives legal architectures as a function of the step', () => {
    const set = new FeasibleSet(shufflenet.space, [{ table: shufflenet.table, atMost: 300e6 }]);
    const sampler = new ConstrainedSampler(set, 1);
    const paths = Array.from({ length: 200 }, (_, step) => sampler.at(step));
    for (const path of paths) assert.ok(tableCost(shufflenet.table, path) <= 300e6);
    assert.equal(new Set(paths.map(String)).size, 200);
    assert.deepEqual(new ConstrainedSampler(set, 1).at(123), paths[123]);
  });

  it('serves two constraints on the joint space of blocks and channels', () => {
    const space = getSpace('spos-shufflenet-v2-joint');
    const tables = [costTable(space, 'madds'), costTable(space, 'params')];
    const limits = [328e6, 3.5e6];
    const set = feasibleSet(
      space,
      tables,
      tables.map(({ metric }, k) => ({ metric, limit: limits[k]! })),
      { maxLevels: 1024, maxStates: 4096 },
    );
    const sampler = new ConstrainedSampler(set, 1);
    for (let step = 0; step < 100; step++) {
      tables.forEach((table, k) => {
        assert.ok(tableCost(table, sampler.at(step)) <= limits[k]!);
      });
    }
  });
});

describe('BinnedSampler', () => {
  it('draws the seven bins of the released code equally often', () => {
    const sampler = new BinnedSampler(shufflenet.space, shufflenet.table, 4);
    assert.equal(sampler.sets.length, 7);
    const counts = new Array<number>(7).fill(0);
    for (let step = 0; step < 3500; step++) {
      const cost = tableCost(shufflenet.table, sampler.at(step));
      assert.ok(cost >= 290e6 && cost <= 360e6);
      counts[Math.min(6, Math.floor((cost - 290e6) / 10e6))]!++;
    }
    assert.ok(Math.abs(chiSquareDeviation(counts)) < 4, `${counts}`);
  });

  it('draws uniformly inside a bin', () => {
    const { space, table } = chain([
      [0, 1, 2, 3],
      [0, 1, 2, 3],
      [0, 1, 2, 3],
    ]);
    const sampler = new BinnedSampler(space, table, 1, { from: -0.5, to: 9.5, bins: 2 });
    const counts = new Map<string, number>();
    for (let step = 0; step < 32_000; step++) {
      const key = sampler.at(step).join();
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    // The sums 0 … 4 and 5 … 9 mirror each other: 32 architectures in each bin.
    assert.equal(counts.size, 64);
    assert.ok(Math.abs(chiSquareDeviation([...counts.values()])) < 4);
  });

  it('refuses an empty bin with the smallest possible value', () => {
    const { space, table } = chain([
      [5, 6],
      [5, 6],
    ]);
    assert.throws(
      () => new BinnedSampler(space, table, 1, { from: 0, to: 20, bins: 4 }),
      /smallest madds possible is 10/,
    );
  });
});
