import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { kendallTau, spearmanRho } from '../../src/search/correlation.js';
import { kendallInBands, precisionAt, rankingReport, topKRegret } from '../../src/search/ranking.js';
import { parseTrueAccuracies } from '../../src/search/truth.js';
import { Equivalence } from '../../src/space/equivalence.js';
import { getSpace } from '../../src/space/spaces/catalog.js';
import { nasBenchMacro } from '../externalFile.js';

const close = (value: number, target: number, tolerance = 1e-12) =>
  assert.ok(Math.abs(value - target) <= tolerance, `${value} is not ${target}`);

/** Definition of tau-b over all pairs. */
function slowKendall(x: number[], y: number[]): number {
  let [sum, untiedX, untiedY] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    for (let j = 0; j < i; j++) {
      const [sx, sy] = [Math.sign(x[i]! - x[j]!), Math.sign(y[i]! - y[j]!)];
      sum += sx * sy;
      untiedX += sx * sx;
      untiedY += sy * sy;
    }
  }
  return sum / Math.sqrt(untiedX * untiedY);
}

/** Definition of rho: each rank counts the values below and half of the equal ones. */
function slowSpearman(x: number[], y: number[]): number {
  const ranks = (values: number[]) =>
    values.map(
      (a) => values.reduce((rank, b) => rank + (b < a ? 1 : b === a ? 0.5 : 0), 0) - values.length / 2,
    );
  const [rx, ry] = [ranks(x), ranks(y)];
  const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  return dot(rx, ry) / Math.sqrt(dot(rx, rx) * dot(ry, ry));
}

describe('rank correlation', () => {
  it('equals its definition over all pairs, ties included', () => {
    const pairs = fc.array(fc.tuple(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 12 })), {
      minLength: 2,
      maxLength: 60,
    });
    fc.assert(
      fc.property(pairs, (values) => {
        const [x, y] = [values.map(([a]) => a), values.map(([, b]) => b)];
        for (const [fast, slow] of [
          [kendallTau(x, y), slowKendall(x, y)],
          [spearmanRho(x, y), slowSpearman(x, y)],
        ] as const) {
          if (Number.isNaN(slow)) assert.ok(Number.isNaN(fast));
          else close(fast, slow, 1e-9);
        }
      }),
    );
  });

  it('gives known values', () => {
    // The examples of SciPy's documentation of kendalltau and spearmanr.
    close(kendallTau([12, 2, 1, 12, 2], [1, 4, 7, 1, 0]), -0.4714045207910316);
    close(spearmanRho([1, 2, 3, 4, 5], [5, 6, 7, 8, 7]), 0.8207826816681233);
    assert.equal(kendallTau([1, 2, 3, 4], [1, 2, 3, 4]), 1);
    assert.equal(kendallTau([1, 2, 3, 4], [9, 7, 5, 3]), -1);
  });

  it('ranks a hundred thousand values in well under a second', () => {
    const x = Array.from({ length: 100_000 }, (_, i) => (i * 7919) % 100_003);
    const start = performance.now();
    close(kendallTau(x, x), 1);
    assert.ok(performance.now() - start < 3000);
  });

  it('refuses sides of different length and NaN', () => {
    assert.throws(() => kendallTau([1, 2], [1]), /2 values/);
    assert.throws(() => spearmanRho([1, Number.NaN], [1, 2]), /numbers/);
  });
});

describe('ranking metrics', () => {
  const truth = [90, 92, 91, 95, 80, 94];
  const scores = [0.5, 0.9, 0.8, 0.7, 0.1, 0.6];

  it('measure what choosing by score costs', () => {
    assert.equal(topKRegret(scores, truth, 1), 95 - 92);
    assert.equal(topKRegret(scores, truth, 3), 0);
    assert.equal(precisionAt(scores, truth, 2), 0);
    assert.equal(precisionAt(scores, truth, 3), 2 / 3);
    assert.throws(() => topKRegret(scores, truth, 7), /from 1 to 6/);
  });

  it('band by cost, equal costs together', () => {
    const bands = kendallInBands([1, 2, 3, 4, 5, 6], [2, 1, 4, 3, 6, 5], [1, 1, 2, 2, 3, 3], 3);
    assert.deepEqual(
      bands.map(({ from, to, count, kendall }) => [from, to, count, kendall]),
      [
        [1, 1, 2, -1],
        [2, 2, 2, -1],
        [3, 3, 2, -1],
      ],
    );
    assert.ok(kendallTau([1, 2, 3, 4, 5, 6], [2, 1, 4, 3, 6, 5]) > 0.5);
    assert.deepEqual(
      kendallInBands([1, 2, 3], [1, 2, 3], [5, 5, 5], 10).map(({ count }) => count),
      [3],
    );
  });

  it('report cost as the baseline of itself', () => {
    const costs = [1, 2, 3, 4, 5, 6];
    const report = rankingReport(costs, truth, costs, { bands: 2, topK: [1, 2, 50] });
    assert.equal(report.count, 6);
    close(report.kendall, slowKendall(costs, truth));
    assert.deepEqual(report.regret, [
      { k: 1, regret: 1 },
      { k: 2, regret: 1 },
    ]);
    close(report.bandKendall, (report.bands[0]!.kendall + report.bands[1]!.kendall) / 2);
  });
});

describe('true accuracies', () => {
  it('are read from lists in every way to write genes', () => {
    const read = parseTrueAccuracies([
      { arch: [0, 1, 2], accuracy: 90, madds: 5 },
      { arch: '0,1,3', accuracy: 91 },
      { arch: '014', accuracy: 92 },
    ]);
    assert.deepEqual(
      read.map(({ architecture }) => architecture),
      [
        [0, 1, 2],
        [0, 1, 3],
        [0, 1, 4],
      ],
    );
    assert.deepEqual(read[0]!.costs, { madds: 5 });
  });

  it('name the entry that does not fit', () => {
    assert.throws(
      () => parseTrueAccuracies([{ arch: [0], accuracy: 1 }, { arch: [1] }]),
      /accuracy of entry 1/,
    );
    assert.throws(() => parseTrueAccuracies({ '01x': { mean_acc: 1 } }), /'01x'/);
    assert.throws(
      () =>
        parseTrueAccuracies([
          { arch: [0], accuracy: 1 },
          { arch: '0', accuracy: 2 },
        ]),
      /each architecture once/,
    );
    assert.throws(
      () =>
        parseTrueAccuracies([
          { arch: [0], accuracy: 1 },
          { arch: '01', accuracy: 2 },
        ]),
      /1 genes like the first/,
    );
    assert.throws(() => parseTrueAccuracies('x'), /a list of/);
  });

  const { path, skip } = nasBenchMacro();
  it('of NAS-Bench-Macro give the published correlations', { skip }, () => {
    const entries = parseTrueAccuracies(JSON.parse(readFileSync(path, 'utf8')));
    assert.equal(entries.length, 6561);
    const equivalence = new Equivalence(getSpace('nas-bench-macro'));
    const byKey = new Map(entries.map((entry) => [entry.architecture.join(), entry]));
    for (const { architecture, accuracy } of entries) {
      assert.equal(byKey.get(equivalence.canonical(architecture).join())!.accuracy, accuracy);
    }
    const distinct = entries.filter(({ architecture }) => equivalence.isCanonical(architecture));
    assert.equal(distinct.length, 3969);
    const truth = distinct.map(({ accuracy }) => accuracy);
    const madds = distinct.map(({ costs }) => costs.madds!);
    const params = distinct.map(({ costs }) => costs.params!);
    close(kendallTau(madds, truth), 0.546, 5e-4);
    close(spearmanRho(madds, truth), 0.738, 5e-4);
    close(kendallTau(params, truth), 0.215, 5e-4);
    const report = rankingReport(madds, truth, madds);
    close(report.bandKendall, 0.12, 0.01);
    assert.equal(report.bands.length, 10);
  });
});
