import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RandomStream } from '../../src/core/rng.js';
import { accuracyOf } from '../../src/latency/accuracy.js';
import { calibrate, type Observation, REFIT_FROM } from '../../src/latency/calibrate.js';

const random = new RandomStream(5, 'test', 0);
const ROWS = 24;
const times = Float64Array.from({ length: ROWS }, () => 1e5 * (1 + random.uniform()));

/** Networks of twelve rows, with times from `truth`. */
function networks(count: number, truth: (rows: number[]) => number): Observation[] {
  return Array.from({ length: count }, () => {
    const rows = Array.from({ length: 12 }, (_, layer) => 2 * layer + random.integer(2));
    return { rows, ns: truth(rows) };
  });
}
const sum = (rows: readonly number[]) => rows.reduce((total, row) => total + times[row]!, 0);

describe('calibrate', () => {
  it('finds bias and scale', () => {
    const { calibration, rows } = calibrate(
      times,
      networks(30, (own) => 250_000 + 1.3 * sum(own)),
    );
    assert.ok(Math.abs(calibration.biasNs - 250_000) < 2);
    assert.ok(Math.abs(calibration.scale - 1.3) < 1e-6);
    assert.deepEqual([calibration.refitted, rows], [false, undefined]);
  });

  it('leaves the bias out where few noisy networks cannot tell it', () => {
    const noisy = networks(8, (own) => 1.2 * sum(own) * (1 + 0.2 * (random.uniform() - 0.5)));
    const { biasNs, scale } = calibrate(times, noisy).calibration;
    assert.equal(biasNs, 0);
    assert.ok(Math.abs(scale / 1.2 - 1) < 0.1);
  });

  it('fits the rows from many networks, and leaves those that none runs near their measurement', () => {
    const truth = times.map((time) => time * (0.7 + 0.6 * random.uniform()));
    const of = (own: readonly number[]) => own.reduce((total, row) => total + truth[row]!, 0);
    const withUnused = Float64Array.from([...times, 5e5]);
    const { calibration, rows } = calibrate(withUnused, networks(REFIT_FROM, of));
    assert.equal(calibration.refitted, true);
    const predict = (own: readonly number[]) =>
      calibration.biasNs + calibration.scale * own.reduce((total, row) => total + rows![row]!, 0);
    const test = networks(50, of);
    const refitted = accuracyOf(
      test.map((n) => predict(n.rows)),
      test.map(({ ns }) => ns),
    );
    const before = accuracyOf(
      test.map((n) => sum(n.rows)),
      test.map(({ ns }) => ns),
    );
    assert.ok(refitted.mape < 0.5 && refitted.mape < before.mape / 4, `${refitted.mape} of ${before.mape}`);
    assert.ok(rows!.every((time) => time >= 0) && rows![ROWS]! > 3e5);
  });

  it('leaves every row a time: small ones drown in the noise, and a table with a row of 0 is refused', () => {
    const uneven = times.map((time, row) => (row % 3 === 0 ? 0.01 * time : time));
    const noisy = networks(REFIT_FROM, (own) =>
      own.reduce((total, row) => total + uneven[row]!, 2e6 * (random.uniform() - 0.5)),
    );
    const { rows } = calibrate(uneven, noisy);
    assert.deepEqual(
      rows!.filter((time) => Math.round(time) <= 0),
      Float64Array.of(),
    );
    const withIdentity = Float64Array.from([0, ...uneven.slice(1)]);
    assert.equal(calibrate(withIdentity, noisy).rows![0], 0);
  });

  it('never says that networks are faster the more they do', () => {
    const nearlyEqual = [203, 202, 201.2, 200].map((ns, row) => ({ rows: [row], ns }));
    const { biasNs, scale } = calibrate(Float64Array.of(100, 101, 102, 103), nearlyEqual).calibration;
    assert.equal(biasNs, 0);
    assert.ok(scale > 1.9 && scale < 2.1, String(scale));
  });

  it('needs networks', () => assert.throws(() => calibrate(times, networks(2, sum)), /at least 3 networks/));
});

it('accuracy is that of the definitions', () => {
  const { mape, bias, rmse, within5, within10, kendall, spearman } = accuracyOf(
    [104, 180, 330],
    [100, 200, 300],
  );
  assert.ok(Math.abs(mape - 8) < 1e-12 && Math.abs(bias - 4 / 3) < 1e-12);
  assert.ok(Math.abs(rmse - Math.sqrt((16 + 100 + 100) / 3)) < 1e-12);
  assert.deepEqual([within5, within10, kendall!, spearman!].map(Math.round), [33, 100, 1, 1]);
});

it('networks that all take the same time have no order', () => {
  for (const { kendall, spearman } of [accuracyOf([1, 2], [3, 3]), accuracyOf([3, 3], [1, 2])]) {
    assert.deepEqual([kendall, spearman], [null, null]);
  }
});
