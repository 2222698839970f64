import { CholeskyDecomposition, Matrix } from 'ml-matrix';
import { expected } from '../../core/errors.js';

/** Columns of a design that share one penalty. */
export interface ColumnGroup {
  /** First column and number of columns. */
  first: number;
  count: number;
  /** Penalties to try, on columns as they are; 0 is none, Infinity leaves the group out. */
  penalties: readonly number[];
}

/** A linear model with a normal prior on its coefficients: y = X b + noise. */
export interface RidgeFit {
  coefficients: Float64Array;
  /** Standard deviation of the noise. */
  sigma: number;
  /** Penalty that was chosen for each group. */
  penalties: number[];
  /** Restricted log likelihood up to a constant: the larger, the better the penalties explain the data. */
  evidence: number;
  /** Standard deviation of the mean X b at a row, noise not included. */
  deviation(row: ArrayLike<number>): number;
}

/**
 * Ridge regression whose penalties are those with the largest restricted likelihood (REML: Patterson and Thompson 1971),
 * tried in all combinations. Unpenalised columns (penalty 0) must be fewer than the rows.
 *
 * @param rows one row of numbers an observation, all of the same length; the groups cover every column once.
 * @throws SinglePathError `INVALID_ARGUMENT` for too few rows.
 */
export function fitRidge(
  rows: readonly ArrayLike<number>[],
  values: readonly number[],
  groups: readonly ColumnGroup[],
): RidgeFit {
  const columns = groups.reduce((sum, { count }) => sum + count, 0);
  const free = groups
    .filter(({ penalties }) => penalties.every((penalty) => penalty === 0))
    .reduce((sum, { count }) => sum + count, 0);
  if (rows.length <= free) {
    throw expected(`more than ${free} observations, its free terms,`, 'a regression', rows.length);
  }
  const equations = normalEquations(rows, values, columns);
  let best: Solution | undefined;
  for (const penalties of combinations(groups)) {
    const solution = solve(equations, groups, penalties);
    if (solution !== undefined && (best === undefined || solution.evidence > best.evidence)) best = solution;
  }
  if (best === undefined) throw expected('columns that differ', 'a regression', 'a singular design');
  return fitOf(best, columns);
}

interface Solution {
  /** Columns that take part, and their coefficients. */
  active: number[];
  weights: number[];
  cholesky: CholeskyDecomposition;
  sigma: number;
  penalties: number[];
  evidence: number;
}

/** X'X, X'y and y'y of so many observations. */
interface NormalEquations {
  products: readonly Float64Array[];
  moments: Float64Array;
  square: number;
  observations: number;
}

function normalEquations(
  rows: readonly ArrayLike<number>[],
  values: readonly number[],
  columns: number,
): NormalEquations {
  const products = Array.from({ length: columns }, () => new Float64Array(columns));
  const moments = new Float64Array(columns);
  let square = 0;
  rows.forEach((row, r) => {
    const y = values[r]!;
    square += y * y;
    for (let i = 0; i < columns; i++) {
      const x = row[i]!;
      if (x === 0) continue; // most terms of an architecture are
      moments[i]! += x * y;
      const products_i = products[i]!;
      for (let j = 0; j <= i; j++) products_i[j]! += x * row[j]!;
    }
  });
  for (let i = 0; i < columns; i++) for (let j = 0; j < i; j++) products[j]![i] = products[i]![j]!;
  return { products, moments, square, observations: rows.length };
}

function solve(
  { products, moments, square, observations }: NormalEquations,
  groups: readonly ColumnGroup[],
  penalties: readonly number[],
): Solution | undefined {
  const active: number[] = [];
  const ridge: number[] = [];
  let logPenalties = 0;
  let free = 0;
  groups.forEach(({ first, count }, g) => {
    const penalty = penalties[g]!;
    if (penalty === Number.POSITIVE_INFINITY) return;
    for (let i = 0; i < count; i++) {
      active.push(first + i);
      ridge.push(penalty);
    }
    if (penalty === 0) free += count;
    else logPenalties += count * Math.log(penalty);
  });
  const system = new Matrix(
    active.map((i, a) => active.map((j) => products[i]![j]! + (i === j ? ridge[a]! : 0))),
  );
  const cholesky = new CholeskyDecomposition(system);
  if (!cholesky.isPositiveDefinite()) return undefined;
  const right = active.map((i) => moments[i]!);
  const weights = cholesky.solve(Matrix.columnVector(right)).to1DArray();
  const explained = right.reduce((sum, moment, a) => sum + moment * weights[a]!, 0);
  const degrees = observations - free;
  // Rounding can leave a perfect fit slightly negative.
  const variance = Math.max((square - explained) / degrees, 1e-12 * Math.max(square / observations, 1e-300));
  const factor = cholesky.lowerTriangularMatrix;
  let logDeterminant = 0;
  for (let i = 0; i < active.length; i++) logDeterminant += 2 * Math.log(factor.get(i, i));
  return {
    active,
    weights,
    cholesky,
    sigma: Math.sqrt(variance),
    penalties: [...penalties],
    evidence: -0.5 * (degrees * Math.log(variance) + logDeterminant - logPenalties),
  };
}

function fitOf({ active, weights, cholesky, ...rest }: Solution, columns: number): RidgeFit {
  const coefficients = new Float64Array(columns);
  active.forEach((column, a) => {
    coefficients[column] = weights[a]!;
  });
  return {
    coefficients,
    sigma: rest.sigma,
    penalties: rest.penalties,
    evidence: rest.evidence,
    deviation(row) {
      const x = active.map((column) => row[column]!);
      const solved = cholesky.solve(Matrix.columnVector(x)).to1DArray();
      const variance = x.reduce((sum, value, a) => sum + value * solved[a]!, 0);
      return rest.sigma * Math.sqrt(Math.max(0, variance));
    },
  };
}

function* combinations(groups: readonly ColumnGroup[], before: readonly number[] = []): Generator<number[]> {
  if (before.length === groups.length) {
    yield [...before];
    return;
  }
  for (const penalty of groups[before.length]!.penalties) yield* combinations(groups, [...before, penalty]);
}
