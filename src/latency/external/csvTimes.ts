import { SinglePathError } from '../../core/errors.js';
import { readCsv } from '../format/csv.js';
import type { ForeignTimes } from './foreign.js';

/** Milliseconds in the units a column may be named after. */
const UNITS: Record<string, number> = { ns: 1e-6, us: 1e-3, ms: 1, s: 1e3 };

/**
 * Times of a CSV file with a column `key` (ours or ProxylessNAS's) and one that names its unit: `ms`, `latency_us`,
 * `p50_ns`. A unit is never guessed.
 *
 * @throws SinglePathError `INVALID_TABLE`.
 */
export function readCsvTimes(text: string, path: string): ForeignTimes {
  const rows = parse(text, path);
  const columns = Object.keys(rows[0] ?? {});
  const column = columns.find((name) => /(^|_)(ns|us|ms|s)$/.test(name));
  if (!columns.includes('key') || column === undefined) {
    throw new SinglePathError(
      'INVALID_TABLE',
      `Expected a column 'key' and one that names its unit in '${path}' but received ${columns.join(', ') || 'no rows'}`,
      { hint: 'name the column of times after its unit: latency_ms, us or p50_ns' },
    );
  }
  const factor = UNITS[column.slice(column.lastIndexOf('_') + 1)]!;
  return new Map(
    rows.map((row) => [row.key!, { mean: Number(row[column] || 'NaN') * factor, spread: 0, count: 0 }]),
  );
}

function parse(text: string, path: string): Record<string, string>[] {
  try {
    return readCsv(text);
  } catch (cause) {
    throw new SinglePathError('INVALID_TABLE', `Expected CSV in '${path}' but ${(cause as Error).message}`, {
      cause,
    });
  }
}
