import { CholeskyDecomposition, Matrix } from 'ml-matrix';
import { expected } from '../core/errors.js';
import type { Calibration } from './table.js';

/** From so many networks on the rows are fitted too (facts of latency predictors: below it a few numbers are safer). */
export const REFIT_FROM = 200;

/** A network as calibration sees it: how often it runs each row, and its measured time in nanoseconds. */
export interface Observation {
  rows: readonly number[];
  ns: number;
}

export interface Fitted {
  calibration: Calibration;
  /** New times of the rows in nanoseconds, where they were refitted. */
  rows?: Float64Array;
}

/**
 * Fits `T = bias + scale * sum` to measured networks, by least squares of the relative error. Few networks of similar
 * time cannot tell bias from scale: where leaving one out says that a scale alone predicts better, bias stays 0. From
 * {@link REFIT_FROM} networks on the rows are fitted as well, drawn towards what was measured of them.
 */
export function calibrate(times: Float64Array, observations: readonly Observation[]): Fitted {
  if (observations.length < 3) throw expected('at least 3 networks', 'a calibration', observations.length);
  const sums = observations.map(({ rows }) => rows.reduce((sum, row) => sum + times[row]!, 0));
  const measured = observations.map(({ ns }) => ns);
  const fits = [fitScale, fitLine];
  const best = fits.reduce((a, b) =>
    leaveOneOut(b, sums, measured) < leaveOneOut(a, sums, measured) ? b : a,
  );
  const { bias, scale } = best(sums, measured);
  const networks = observations.length;
  if (networks < REFIT_FROM) {
    return { calibration: { biasNs: Math.round(bias), scale, networks, refitted: false } };
  }
  const rows = refit(times, observations, bias, scale);
  return { calibration: { biasNs: Math.round(bias), scale: 1, networks, refitted: true }, rows };
}

interface Line {
  bias: number;
  scale: number;
}

type Fit = (sums: readonly number[], measured: readonly number[]) => Line;

/** min Σ (1 - scale s / T)². */
const fitScale: Fit = (sums, measured) => {
  let [sx, sxx] = [0, 0];
  sums.forEach((sum, i) => {
    const x = sum / measured[i]!;
    sx += x;
    sxx += x * x;
  });
  return { bias: 0, scale: sx / sxx };
};

/** min Σ (1 - (bias + scale s) / T)². */
const fitLine: Fit = (sums, measured) => {
  let [a, b, c, d, e] = [0, 0, 0, 0, 0];
  sums.forEach((sum, i) => {
    const [u, v] = [1 / measured[i]!, sum / measured[i]!];
    a += u * u;
    b += u * v;
    c += v * v;
    d += u;
    e += v;
  });
  const determinant = a * c - b * b;
  if (!(determinant > 1e-12 * a * c)) return fitScale(sums, measured);
  const scale = (a * e - b * d) / determinant;
  // Networks of nearly the same time can seem to take less the more they do: searches would look for slow ones.
  return scale > 0 ? { bias: (d * c - b * e) / determinant, scale } : fitScale(sums, measured);
};

/** Mean squared relative error of each network, predicted from the others. */
function leaveOneOut(fit: Fit, sums: readonly number[], measured: readonly number[]): number {
  const errors = sums.map((sum, i) => {
    const without = (values: readonly number[]) => values.filter((_, j) => j !== i);
    const { bias, scale } = fit(without(sums), without(measured));
    return ((bias + scale * sum) / measured[i]! - 1) ** 2;
  });
  return errors.reduce((total, error) => total + error, 0) / errors.length;
}

/** Least time of a row in nanoseconds: one that takes none makes a table useless. Only identity does. */
const LEAST = 1;

/** Strength with which a row is drawn to its scaled measurement: that of this many networks' relative errors. */
const PRIOR = 1;

/**
 * Ridge regression: row r becomes scale * t_r * (1 + d_r) with min Σ_networks (relative error)² + PRIOR * Σ share_r² d_r²,
 * so that rows no network runs stay as they are. A row of which the networks show nothing keeps the least time.
 */
function refit(
  times: Float64Array,
  observations: readonly Observation[],
  bias: number,
  scale: number,
): Float64Array {
  const size = times.length;
  const matrix = Array.from({ length: size }, () => new Float64Array(size));
  const right = new Float64Array(size);
  const meanTime = observations.reduce((sum, { ns }) => sum + ns, 0) / observations.length;
  for (const { rows, ns } of observations) {
    // Share of the network's time that each row has.
    const shares = new Map<number, number>();
    for (const row of rows) shares.set(row, (shares.get(row) ?? 0) + (scale * times[row]!) / ns);
    const residual = 1 - bias / ns - [...shares.values()].reduce((sum, share) => sum + share, 0);
    for (const [row, share] of shares) {
      right[row]! += share * residual;
      for (const [other, second] of shares) matrix[row]![other]! += share * second;
    }
  }
  for (let row = 0; row < size; row++)
    matrix[row]![row]! += PRIOR * Math.max(1e-9, (scale * times[row]!) / meanTime) ** 2;
  const changes = solve(matrix, right);
  return times.map((time, row) => (time === 0 ? 0 : Math.max(LEAST, scale * time * (1 + changes[row]!))));
}

/** Solves a symmetric positive definite system. */
export function solve(matrix: readonly Float64Array[], right: Float64Array): Float64Array {
  const rows = new Matrix(matrix.map((row) => Array.from(row)));
  const solution = new CholeskyDecomposition(rows).solve(Matrix.columnVector(right));
  return Float64Array.from(solution.getColumn(0));
}
