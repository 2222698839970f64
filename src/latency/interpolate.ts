import { expected } from '../core/errors.js';
import { graphCost, readerOf } from '../graph/walk.js';
import { solve } from './calibrate.js';
import type { Row } from './rows.js';
import { rowTime, type TableRow } from './table.js';

/**
 * Estimates for rows that were not measured: a linear fit of time to multiply-adds, elements read and written, and a
 * constant, by least squares of the relative error over the rows that were. They are flagged by their source.
 *
 * @throws SinglePathError `INVALID_ARGUMENT` with fewer than ten measured rows.
 */
export function interpolateRows(missing: readonly Row[], measured: ReadonlyMap<Row, TableRow>): TableRow[] {
  const known = [...measured].filter(([, row]) => (rowTime(row) ?? 0) > 0);
  if (known.length < 10) throw expected('at least 10 measured rows', 'an interpolation', known.length);
  const size = 3;
  const matrix = Array.from({ length: size }, () => new Float64Array(size));
  const right = new Float64Array(size);
  for (const [row, table] of known) {
    const time = rowTime(table)!;
    const features = featuresOf(row).map((value) => value / time);
    features.forEach((a, i) => {
      right[i]! += a;
      features.forEach((b, j) => {
        matrix[i]![j]! += a * b;
      });
    });
  }
  // A little of each diagonal, so that features that go together do not cancel.
  for (let i = 0; i < size; i++) matrix[i]![i]! *= 1 + 1e-6;
  const weights = solve(matrix, right);
  const least = Math.min(...known.map(([, row]) => rowTime(row)!));
  return missing.map((row): TableRow => {
    const time = featuresOf(row).reduce((sum, value, i) => sum + value * weights[i]!, 0);
    return {
      key: row.key,
      label: row.label,
      input: row.block.input,
      output: row.output,
      source: 'interpolated',
      status: 'ok',
      // A fit may go below what the fastest row takes; nothing does.
      times: { n: 0, p50: Math.round(Math.max(least, time)) },
      flags: [],
    };
  });
}

function featuresOf({ block, output }: Row): number[] {
  const { madds } = graphCost(block.graph, block.input, readerOf([])).cost;
  const elements = [block.input, output].reduce((sum, s) => sum + s.channels * s.height * s.width, 0);
  return [madds, elements, 1];
}
