import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  formatConstraint,
  formatCost,
  parseConstraint,
  parseConstraints,
} from '../../src/cost/constraint.js';

describe('parseConstraint', () => {
  it('reads suffixes and aliases', () => {
    assert.deepEqual(parseConstraint('madds<=12M'), { metric: 'madds', limit: 12e6 });
    assert.deepEqual(parseConstraint(' FLOPs <= 0.33g '), { metric: 'madds', limit: 0.33e9 });
    assert.deepEqual(parseConstraint('params<=3432579').limit, 3_432_579);
    assert.deepEqual(parseConstraint('activations<=1.5e6').limit, 1_500_000);
  });

  it('is the number that was written, not one just below it', () => {
    for (let thousandths = 1; thousandths < 10_000; thousandths += 7) {
      const text = (thousandths / 1000).toFixed(3);
      assert.equal(parseConstraint(`madds<=${text}K`).limit, thousandths);
      assert.equal(parseConstraint(`params<=${text}M`).limit, thousandths * 1000);
      assert.equal(parseConstraint(`madds<=${text}e0G`).limit, thousandths * 1e6);
      assert.equal(parseConstraint(`latency[x.lut]<=${text}ms`).limit, thousandths * 1000);
    }
    assert.equal(parseConstraint('madds<=65.344M').limit, 65_344_000);
  });

  it('measures BitOps in 2^30, as the literature does', () => {
    assert.equal(parseConstraint('bitops<=6.5G').limit, 6.5 * 2 ** 30);
  });

  it('reads the latency of a lookup table, with its unit', () => {
    const latency = { metric: 'latency[runs/a,b.lut]', limit: 12.5e6 } as const;
    assert.deepEqual(parseConstraint('latency[runs/a,b.lut]<=12.5ms'), latency);
    assert.equal(parseConstraint('latency[x.lut] <= 800 µs').limit, 800e3);
    assert.equal(parseConstraint('latency[x.lut]<=1s').limit, 1e9);
    for (const text of ['latency[x.lut]<=12', 'latency[x.lut]<=12M', 'latency[x.lut]<=12min']) {
      assert.throws(() => parseConstraint(text), /Expected a unit of time \(s, ms, us or ns\)/, text);
    }
    assert.throws(() => parseConstraint('latency<=12ms'), /Expected latency\[<table>\]/);
    assert.throws(() => parseConstraint('madds<=12ms'), /Expected <metric><=<number>/);
  });

  it('says what is wrong', () => {
    for (const text of [
      'madds',
      'madds<12M',
      'madds>=3',
      'madds<=',
      'madds<=x',
      'madds<=1.2.3',
      '<=3',
      '',
      'madds<=3T',
    ]) {
      assert.throws(
        () => parseConstraint(text),
        /Expected <metric><=<number> for constraint but received/,
        text,
      );
    }
    assert.throws(
      () => parseConstraint('mads<=3'),
      (error: Error & { hint?: string }) => error.hint === "did you mean 'madds'?",
    );
  });
});

it('several constraints hold at once, one per metric', () => {
  const both = parseConstraints('madds<=12M, params<=1M');
  assert.deepEqual(both, parseConstraints(['madds<=12M', 'params<=1M']));
  assert.deepEqual(
    both.map(({ metric }) => metric),
    ['madds', 'params'],
  );
  assert.deepEqual(parseConstraints('latency[a,b.lut]<=3ms,madds<=1M').length, 2);
  assert.throws(() => parseConstraints(['madds<=1', 'flops<=2']), /two for madds/);
});

it('formatConstraint writes what parses to the same', () => {
  fc.assert(
    fc.property(fc.constantFrom('madds', 'bitops'), fc.nat({ max: 2 ** 40 }), (metric, limit) => {
      const constraint = { metric, limit } as const;
      assert.deepEqual(parseConstraint(formatConstraint(constraint)), constraint);
    }),
  );
  // Costs of lookup tables are no whole numbers, and the error of a limit that nothing meets names one to use.
  const times = fc.double({ min: 0.01, max: 1e11, noNaN: true });
  fc.assert(
    fc.property(times, (limit) => {
      assert.equal(parseConstraint(formatConstraint({ metric: 'latency[a.lut]', limit })).limit, limit);
    }),
    { numRuns: 2000, seed: 1 },
  );
  assert.equal(parseConstraint('latency[a.lut]<=278.234991929ms').limit, 278_234_991.929);
  assert.equal(formatConstraint({ metric: 'madds', limit: 12e6 }), 'madds<=12M');
  for (const text of ['latency[a.lut]<=12ms', 'latency[a.lut]<=999ns', 'latency[a.lut]<=1.5s']) {
    assert.equal(formatConstraint(parseConstraint(text)), text);
  }
});

it('formatCost is for people', () => {
  assert.equal(formatCost('madds', 322_918_720), '322.9M');
  assert.equal(formatCost('bitops', 6_782_189_568), '6.316G');
  assert.equal(formatCost('params', 512), '512');
});
