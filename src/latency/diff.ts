import { checkArguments } from '../core/check.js';
import { describeDifference, differences } from '../core/differences.js';
import { identityOf } from './environment.js';
import { bestRows, type LatencyTable, rowTime } from './table.js';

export interface RowDifference {
  key: string;
  label: string;
  /** Milliseconds; null where the table lacks the row. */
  a: number | null;
  b: number | null;
  /** b / a - 1. */
  change: number | null;
}

export interface TableDifference {
  /** What differs in space and environment, one line each. */
  header: string[];
  /** Largest change first, then rows only one table has. */
  rows: RowDifference[];
  /** Over the rows both have: median and largest size of the change. */
  medianChange: number | null;
  largestChange: number | null;
}

/** Compares two tables row by row. */
export function diffTables(a: LatencyTable, b: LatencyTable): TableDifference {
  for (const table of [a, b]) checkArguments('diffTables()', { latencyTable: table });
  const [left, right] = [bestRows(a), bestRows(b)];
  const rows = [...new Set([...left.keys(), ...right.keys()])].map((key): RowDifference => {
    const [one, two] = [left.get(key), right.get(key)];
    const ms = (row: typeof one) => (row === undefined ? null : rowTime(row)! / 1e6);
    const [from, to] = [ms(one), ms(two)];
    const change = from === null || to === null || from === 0 ? null : to / from - 1;
    return { key, label: (one ?? two)!.label, a: from, b: to, change };
  });
  rows.sort((x, y) => Math.abs(y.change ?? 0) - Math.abs(x.change ?? 0));
  const sizes = rows
    .flatMap(({ change }) => (change === null ? [] : [Math.abs(change)]))
    .sort((x, y) => x - y);
  return {
    header: [
      ...differences(a.header.space, b.header.space, 'space'),
      ...differences(identityOf(a.header.environment), identityOf(b.header.environment), 'environment'),
    ].map((one) => describeDifference(one)),
    rows,
    medianChange: sizes[sizes.length >> 1] ?? null,
    largestChange: sizes.at(-1) ?? null,
  };
}
