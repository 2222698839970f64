import { inverse, Matrix } from 'ml-matrix';
import { expected } from '../../core/errors.js';

/** A little of every direction, so that fewer points than columns can be compared. */
const RIDGE = 0.1;
const MOST_SWEEPS = 20;

/**
 * D-optimal choice of rows: those whose information matrix X'X (plus a small ridge) has the largest determinant, so that a
 * linear model fitted to them is as certain as it can be. Fedorov's exchange algorithm (1972) from a greedy start: a point
 * is swapped for the best other one until no swap helps.
 *
 * @param rows candidates as rows of columns, all of the same length.
 * @param fixed rows that are in the design already.
 * @returns indices of `count` different rows, ascending.
 * @throws SinglePathError `INVALID_ARGUMENT` for more points than candidates.
 */
export function dOptimalDesign(
  rows: readonly ArrayLike<number>[],
  count: number,
  fixed: readonly ArrayLike<number>[] = [],
): number[] {
  if (!(Number.isInteger(count) && count > 0 && count <= rows.length))
    throw expected(`a whole number from 1 to ${rows.length}, the candidates,`, 'the size of a design', count);
  const columns = rows[0]!.length;
  const information = Matrix.eye(columns, columns).mul(RIDGE);
  for (const row of fixed) addOuter(information, row, 1);
  const chosen: number[] = [];
  while (chosen.length < count) {
    const next = mostInformative(rows, information, chosen);
    addOuter(information, rows[next]!, 1);
    chosen.push(next);
  }
  for (let sweep = 0; sweep < MOST_SWEEPS; sweep++) {
    let changed = false;
    for (let i = 0; i < count; i++) {
      const own = chosen[i]!;
      addOuter(information, rows[own]!, -1);
      const others = chosen.filter((_, j) => j !== i);
      const next = mostInformative(rows, information, others, own);
      addOuter(information, rows[next]!, 1);
      chosen[i] = next;
      if (next !== own) changed = true;
    }
    if (!changed) break;
  }
  return chosen.sort((a, b) => a - b);
}

/** The row that multiplies the determinant by most, 1 + x'M^-1 x; `preferred` where nothing is clearly better. */
function mostInformative(
  rows: readonly ArrayLike<number>[],
  information: Matrix,
  taken: readonly number[],
  preferred?: number,
): number {
  const inverted = inverse(information).to2DArray();
  const gainOf = (row: ArrayLike<number>): number => {
    let gain = 0;
    for (let a = 0; a < row.length; a++) {
      if (row[a] === 0) continue;
      const line = inverted[a]!;
      let sum = 0;
      for (let b = 0; b < row.length; b++) sum += line[b]! * row[b]!;
      gain += row[a]! * sum;
    }
    return gain;
  };
  const excluded = new Set(taken);
  let best = preferred ?? -1;
  let bestGain = preferred === undefined ? Number.NEGATIVE_INFINITY : gainOf(rows[preferred]!) + 1e-9;
  rows.forEach((row, i) => {
    if (excluded.has(i)) return;
    const gain = gainOf(row);
    if (gain > bestGain) [best, bestGain] = [i, gain];
  });
  return best;
}

function addOuter(matrix: Matrix, row: ArrayLike<number>, sign: 1 | -1): void {
  for (let a = 0; a < row.length; a++) {
    if (row[a] === 0) continue;
    for (let b = 0; b < row.length; b++) matrix.set(a, b, matrix.get(a, b) + sign * row[a]! * row[b]!);
  }
}
