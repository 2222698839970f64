import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { SinglePathError } from '../../src/core/errors.js';
import { RandomStream } from '../../src/core/rng.js';
import { tableCost } from '../../src/cost/table.js';
import { FeasibleSet } from '../../src/sampling/feasible.js';
import type { CostBound } from '../../src/sampling/links.js';
import type { GeneSpace } from '../../src/sampling/sampler.js';
import { chain, everyArchitecture, shufflenet } from './fixtures.js';

function refusal(space: GeneSpace, bounds: CostBound[]): SinglePathError {
  try {
    new FeasibleSet(space, bounds);
  } catch (error) {
    assert.ok(error instanceof SinglePathError && error.code === 'INFEASIBLE_CONSTRAINT');
    return error;
  }
  return assert.fail('the bounds are feasible');
}

/** Two layers, of which the cheaper choice in MAdds is the one with more parameters. */
function excluding() {
  const params = [
    [9, 2],
    [9, 2],
  ];
  return {
    ...chain([
      [1, 5],
      [1, 5],
    ]),
    params: chain(params, { metric: 'params' }).table,
  };
}

describe('constraints that cannot be met', () => {
  it('are answered with the smallest possible value and the architecture that has it', () => {
    const { space, table } = shufflenet;
    const error = refusal(space, [{ table, atMost: 270_359_359 }]);
    assert.match(error.message, /the smallest madds possible is 270359360, by 3,0,0,0,3,0,0,0,3,/);
    assert.match(error.hint!, /at least 270359360/);
    assert.equal(new FeasibleSet(space, [{ table, atMost: 270_359_360 }]).count, 1n);
  });

  it('are answered with the largest possible value for a lower limit', () => {
    const { space, table } = shufflenet;
    assert.match(
      refusal(space, [{ table, atLeast: 400e6 }]).message,
      /the largest madds possible is 398609216/,
    );
  });

  it('that only exclude each other name the smallest value of each given the others', () => {
    const { space, table, params } = excluding();
    const { message } = refusal(space, [
      { table, atMost: 5 },
      { table: params, atMost: 12 },
    ]);
    assert.match(message, /madds<=5 and params<=12 together/);
    assert.match(message, /given params<=12 the smallest madds possible is 6, by (0,1|1,0)/);
    assert.match(message, /given madds<=5 the smallest params possible is 18, by 0,0/);
  });

  it('leave out of the answer a bound that does not take part', () => {
    const { space, table, params } = excluding();
    const easy = chain(
      [
        [1, 2],
        [1, 2],
      ],
      { metric: 'bitops' },
    ).table;
    const { message } = refusal(space, [
      { table: easy, atMost: 3 },
      { table, atMost: 5 },
      { table: params, atMost: 12 },
    ]);
    assert.doesNotMatch(message, /bitops/);
  });

  it('are found, and only they, as by looking at every architecture', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const random = new RandomStream(seed, 'test', 0);
        const rows = () =>
          Array.from({ length: 4 }, () => Array.from({ length: 3 }, () => random.integer(50)));
        const tables = ['madds', 'params', 'bitops'].map((metric) => chain(rows(), { metric }).table);
        const { space } = chain(rows());
        const all = [...everyArchitecture(space)];
        const bounds = tables.map((table) => ({ table, atMost: 40 + random.integer(40) }));
        const legal = all.filter((a) => bounds.every(({ table, atMost }) => tableCost(table, a) <= atMost));
        if (legal.length > 0) {
          assert.equal(new FeasibleSet(space, bounds).count, BigInt(legal.length));
          return;
        }
        const { message } = refusal(space, bounds);
        for (const [, given, metric, value, by] of message.matchAll(
          /given (.+?) the smallest (\w+) possible is (\d+), by ([\d,]+)/g,
        )) {
          const others = bounds.filter(({ table }) => given!.includes(table.metric));
          const { table } = bounds.find((bound) => bound.table.metric === metric)!;
          const rest = all.filter((a) => others.every((o) => tableCost(o.table, a) <= o.atMost));
          assert.equal(Number(value), Math.min(...rest.map((a) => tableCost(table, a))));
          assert.equal(tableCost(table, by!.split(',').map(Number)), Number(value));
        }
        assert.match(message, /the smallest/);
      }),
    );
  });
});
