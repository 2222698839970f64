import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { RandomStream } from '../../src/core/rng.js';
import { type CostTable, tableCost } from '../../src/cost/table.js';
import { FeasibleSet, feasibleSet, ratio } from '../../src/sampling/feasible.js';
import type { CostBound } from '../../src/sampling/links.js';
import type { GeneSpace } from '../../src/sampling/sampler.js';
import { chain, chiSquareDeviation, everyArchitecture, shufflenet } from './fixtures.js';

const meets = (bounds: CostBound[], architecture: number[]) =>
  bounds.every(({ table, atMost = Infinity, atLeast = -Infinity }) => {
    const cost = tableCost(table, architecture);
    return atLeast <= cost && cost <= atMost;
  });

const feasibleOnes = (space: GeneSpace, bounds: CostBound[]) =>
  [...everyArchitecture(space)].filter((architecture) => meets(bounds, architecture));

const keys = (architectures: Iterable<readonly number[]>) => [...architectures].map((a) => a.join()).sort();

/** Small random space with several costs; limits are costs of random architectures, so some paths meet each. */
const problems = fc
  .record({
    sizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 }),
    bounds: fc.array(
      fc.record({ largest: fc.constantFrom(3, 40, 1e9), seed: fc.nat(), both: fc.boolean() }),
      {
        maxLength: 3,
      },
    ),
  })
  .map(({ sizes, bounds }) => {
    const { space } = chain(sizes.map((size) => new Array(size).fill(0)));
    const built: CostBound[] = bounds.map(({ largest, seed, both }, k) => {
      const random = new RandomStream(seed, 'test', k);
      const rows = sizes.map((size) => Array.from({ length: size }, () => random.integer(largest)));
      const { table } = chain(rows, { metric: `cost${k}`, base: random.integer(largest) });
      const costs = [0, 1]
        .map(() =>
          tableCost(
            table,
            sizes.map((size) => random.integer(size)),
          ),
        )
        .sort((a, b) => a - b);
      return { table, atMost: costs[1]!, ...(both && { atLeast: costs[0]! }) };
    });
    return { space, bounds: built };
  });

describe('FeasibleSet', () => {
  it('holds exactly the architectures that meet every bound, each under one rank', () => {
    fc.assert(
      fc.property(problems, ({ space, bounds }) => {
        const truth = feasibleOnes(space, bounds);
        if (truth.length === 0) {
          assert.throws(() => new FeasibleSet(space, bounds), { code: 'INFEASIBLE_CONSTRAINT' });
          return;
        }
        const set = new FeasibleSet(space, bounds);
        assert.equal(set.count, BigInt(truth.length));
        assert.equal(set.exact, true);
        const listed = Array.from({ length: truth.length }, (_, rank) => set.at(BigInt(rank)));
        assert.deepEqual(keys(listed), keys(truth));
        listed.forEach((architecture, rank) => {
          assert.equal(set.rank(architecture), BigInt(rank));
        });
        for (const architecture of everyArchitecture(space)) {
          assert.equal(set.satisfies(architecture), meets(bounds, architecture));
          if (!set.satisfies(architecture)) assert.equal(set.rank(architecture), undefined);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('holds all architectures under limits beyond every sum, and none beyond them on the other side', () => {
    for (const row of [
      [3, 1, 4],
      [0.3, 0.1, 0.4],
    ]) {
      const { space, table } = chain([row, row], { base: row[0]! });
      for (const limit of [1e16, 1e300, Number.POSITIVE_INFINITY]) {
        const set = new FeasibleSet(space, [{ table, atMost: limit, atLeast: -limit }]);
        assert.equal(set.count, 9n, `${limit}`);
        assert.equal(set.exact, true);
        assert.throws(() => new FeasibleSet(space, [{ table, atLeast: limit }]), {
          code: 'INFEASIBLE_CONSTRAINT',
        });
      }
    }
  });

  it('draws them with equal probability', () => {
    const { space, table } = chain([
      [3, 1, 4, 1],
      [5, 9, 2, 6],
      [5, 3, 5, 8],
      [9, 7, 9, 3],
    ]);
    const other = chain(
      [
        [1, 2, 3, 4],
        [4, 3, 2, 1],
        [0, 5, 0, 5],
        [2, 2, 7, 1],
      ],
      { metric: 'params' },
    ).table;
    const bounds = [
      { table, atMost: 19, atLeast: 12 },
      { table: other, atMost: 12 },
    ];
    const set = new FeasibleSet(space, bounds);
    assert.ok(set.count > 40n && set.count < 200n, `${set.count}`);
    const counts = new Map(feasibleOnes(space, bounds).map((architecture) => [architecture.join(), 0]));
    for (let step = 0; step < 40_000; step++) {
      const key = set.draw(new RandomStream(11, 'sampling', step)).join();
      counts.set(key, counts.get(key)! + 1);
    }
    assert.equal(counts.size, Number(set.count));
    assert.ok(Math.abs(chiSquareDeviation([...counts.values()])) < 4);
  });

  it('agrees with the published shares of the ShuffleNet space, 4^20 architectures', () => {
    const { space, table } = shufflenet;
    const share = (limit: number) => {
      const set = new FeasibleSet(space, [{ table, atMost: limit }]);
      assert.equal(set.exact, true);
      return ratio(set.count, set.size);
    };
    assert.ok(Math.abs(share(330e6) - 0.59) < 0.001);
    assert.ok(Math.abs(share(320e6) - 0.271) < 0.001);
    assert.ok(Math.abs(share(300e6) - 0.0118) < 0.0002);
  });

  it('splits the space: at most plus more than a limit is everything', () => {
    const { space, table } = shufflenet;
    const low = new FeasibleSet(space, [{ table, atMost: 320e6 }]);
    const high = new FeasibleSet(space, [{ table, atLeast: 320e6 + 1 }]);
    assert.equal(low.count + high.count, 4n ** 20n);
  });

  it('counts layers of several genes, and genes that a cost does not depend on', () => {
    // Block and width share layer 0; bits of layer 1 cost nothing in MAdds.
    const space: GeneSpace = {
      name: 'mixed',
      genes: [
        { name: 'layers.0.block', size: 2, layer: 0 },
        { name: 'layers.1.block', size: 2, layer: 1 },
        { name: 'layers.0.width', size: 3, layer: 0 },
        { name: 'layers.1.bits', size: 5, layer: 1 },
      ],
    };
    const table: CostTable = {
      metric: 'madds',
      base: 10,
      layers: [
        { layer: 0, genes: [0, 2], sizes: [2, 3], costs: Float64Array.of(1, 2, 3, 4, 5, 6) },
        { layer: 1, genes: [1], sizes: [2], costs: Float64Array.of(1, 3) },
      ],
    };
    for (let limit = 12; limit <= 20; limit++) {
      const bounds = [{ table, atMost: limit }];
      const set = new FeasibleSet(space, bounds);
      const listed = Array.from({ length: Number(set.count) }, (_, rank) => set.at(BigInt(rank)));
      assert.deepEqual(keys(listed), keys(feasibleOnes(space, bounds)));
    }
  });

  it('admits an architecture at its own cost when costs are fractions, as latencies are', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const random = new RandomStream(seed, 'test', 0);
        const rows = Array.from({ length: 6 }, () =>
          Array.from({ length: 3 }, () => 0.1 + random.uniform() * 5),
        );
        const { space, table } = chain(rows, { metric: 'latency:cpu', base: random.uniform() });
        const cheapest = rows.map((row) => row.indexOf(Math.min(...row)));
        const set = new FeasibleSet(space, [{ table, atMost: tableCost(table, cheapest) }]);
        assert.deepEqual(set.at(0n), cheapest);
        assert.equal(set.count, 1n);
      }),
    );
  });

  it('without constraints is the whole space', () => {
    const set = new FeasibleSet(shufflenet.space);
    assert.equal(set.count, 4n ** 20n);
    assert.deepEqual(set.at(0n), new Array(20).fill(0));
    assert.deepEqual(set.at(set.count - 1n), new Array(20).fill(3));
  });

  it('draws what is left, down to the last', () => {
    const { space, table } = chain([
      [1, 2, 3],
      [1, 2, 3],
    ]);
    const set = new FeasibleSet(space, [{ table, atMost: 4 }]);
    const taken: bigint[] = [];
    for (let i = 0; i < 6; i++) {
      const rank = set.rank(set.drawExcept(new RandomStream(i, 'test', 0), taken)!)!;
      assert.ok(!taken.includes(rank));
      taken.push(rank);
      taken.sort((a, b) => Number(a - b));
    }
    assert.equal(set.drawExcept(new RandomStream(0, 'test', 0), taken), undefined);
  });

  it('names the metrics it has tables for', () => {
    const constraints = [{ metric: 'params', limit: 1 } as const];
    assert.throws(
      () => feasibleSet(shufflenet.space, [shufflenet.table], constraints),
      /Expected one of madds/,
    );
    const set = feasibleSet(shufflenet.space, [shufflenet.table], [{ metric: 'madds', limit: 300e6 }]);
    assert.equal(set.satisfies(new Array(20).fill(0)), true);
    assert.equal(set.satisfies(new Array(20).fill(3)), false);
  });
});

describe('FeasibleSet with more sums than levels', () => {
  /** 3^9 architectures of costs without common divisors, so nearly all sums differ. */
  const crowded = (seed: number, metric: string) => {
    const random = new RandomStream(seed, 'test', 0);
    return chain(
      Array.from({ length: 9 }, () => Array.from({ length: 3 }, () => random.integer(1e9))),
      { metric },
    );
  };
  const middle = ({ table }: { table: CostTable }) =>
    table.layers.reduce(
      (sum, { costs }) => sum + costs.reduce((a, b) => a + b, 0) / costs.length,
      table.base,
    );

  it('draws feasible architectures only and bounds the share that it leaves out', () => {
    for (let seed = 0; seed < 8; seed++) {
      const [a, b] = [crowded(seed, 'madds'), crowded(seed + 100, 'params')];
      for (const bounds of [
        [{ table: a.table, atMost: middle(a) }],
        [{ table: a.table, atMost: 1.1 * middle(a), atLeast: 0.9 * middle(a) }],
        [
          { table: a.table, atMost: middle(a) },
          { table: b.table, atMost: middle(b) },
        ],
      ]) {
        const truth = new Set(keys(feasibleOnes(a.space, bounds)));
        const set = new FeasibleSet(a.space, bounds, { maxLevels: 60 });
        assert.equal(set.exact, false);
        const listed = keys(Array.from({ length: Number(set.count) }, (_, rank) => set.at(BigInt(rank))));
        assert.equal(new Set(listed).size, listed.length);
        assert.ok(listed.every((key) => truth.has(key)));
        const left = 1 - listed.length / truth.size;
        assert.ok(left <= set.excludedFraction + 1e-12, `${left} > ${set.excludedFraction}`);
        assert.ok(set.excludedFraction < 0.5 && set.excludedFraction > 0, `${set.excludedFraction}`);
      }
    }
  });

  it('keeps the cheapest architecture at the tightest limit', () => {
    const { space, table } = crowded(5, 'madds');
    const smallest = table.layers.reduce((sum, { costs }) => sum + Math.min(...costs), table.base);
    const set = new FeasibleSet(space, [{ table, atMost: smallest }], { maxLevels: 20 });
    assert.equal(set.count, 1n);
    assert.equal(tableCost(table, set.at(0n)), smallest);
  });

  it('limits the states of several bounds together', () => {
    const random = new RandomStream(1, 'test', 0);
    const rows = () => Array.from({ length: 12 }, () => Array.from({ length: 3 }, () => random.integer(1e9)));
    const [a, b] = [chain(rows(), { metric: 'madds' }), chain(rows(), { metric: 'params' })];
    const bounds = [
      { table: a.table, atMost: middle(a) },
      { table: b.table, atMost: middle(b) },
    ];
    const truth = feasibleOnes(a.space, bounds).length;
    const few = new FeasibleSet(a.space, bounds, { maxStates: 64 });
    const many = new FeasibleSet(a.space, bounds, { maxStates: 2 ** 17 });
    assert.equal(many.exact, true);
    assert.equal(many.count, BigInt(truth));
    assert.equal(few.exact, false);
    const left = 1 - Number(few.count) / truth;
    assert.ok(0 < left && left <= few.excludedFraction, `${left} ${few.excludedFraction}`);
    for (let step = 0; step < 500; step++)
      assert.ok(meets(bounds, [...few.draw(new RandomStream(2, 'test', step))]));
  });
});
