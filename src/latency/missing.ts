import { SinglePathError } from '../core/errors.js';
import type { SearchSpace } from '../space/types.js';
import { type Row, spaceRows } from './rows.js';
import { bestRows, contradictions, type LatencyTable, rowTime } from './table.js';

/** Rows of the space that the table has no time for. */
export function missingRows(space: SearchSpace, table: LatencyTable): Row[] {
  const best = bestRows(table);
  return spaceRows(space).rows.filter(({ key }) => !best.has(key));
}

/**
 * The time in nanoseconds of each row of a space, in the order of `spaceRows`.
 *
 * @throws SinglePathError `INVALID_TABLE` that lists every missing row, every one whose time cannot be, or every one that has two times.
 */
export function rowTimes(space: SearchSpace, table: LatencyTable, name: string): Float64Array {
  const best = bestRows(table);
  const missing: string[] = [];
  const wrong: string[] = [];
  const { rows } = spaceRows(space);
  const times = Float64Array.from(rows, ({ key, label, block }) => {
    const row = best.get(key);
    if (row !== undefined) {
      const time = rowTime(row)!;
      // Only identity takes no time.
      if (!(time > 0 || (time === 0 && block.graph.nodes.length === 0)))
        wrong.push(`${time} ns for ${label} at ${key.slice(0, key.indexOf(':'))}`);
      return time;
    }
    const failed = table.rows.find((other) => other.key === key)?.error;
    missing.push(
      `${label} at ${key.slice(0, key.indexOf(':'))}${failed === undefined ? '' : ` (${failed})`}`,
    );
    return Number.NaN;
  });
  if (missing.length > 0) {
    throw new SinglePathError(
      'INVALID_TABLE',
      `Expected all ${rows.length} rows of '${space.name}' in ${name} but ${missing.length} are missing: ${missing.join(', ')}`,
      {
        hint: 'measure them with `singlepath latency measure --resume`, or estimate them with --interpolate on import',
      },
    );
  }
  if (wrong.length > 0) {
    throw new SinglePathError(
      'INVALID_TABLE',
      `Expected positive times in ${name} but received ${wrong.join(', ')}`,
      { hint: 'see `singlepath latency lint`, and measure these rows again' },
    );
  }
  const twice = contradictions(table).map(
    ({ label, key }) => `${label} at ${key.slice(0, key.indexOf(':'))}`,
  );
  if (twice.length > 0) {
    throw new SinglePathError(
      'INVALID_TABLE',
      `Expected one time for each row in ${name} but received two for ${twice.join(', ')}`,
      { hint: 'leave one row of each: which of them is right, a table cannot tell' },
    );
  }
  return times;
}
