import { SinglePathError } from '../../core/errors.js';
import { readCsv } from '../format/csv.js';
import type { ForeignTimes } from './times.js';

/** Milliseconds in the units a column may be named after. */
const UNITS: Record<string, number> = { ns: 1e-6, us: 1e-3, ms: 1, s: 1e3 };

/** A column named after its unit. */
const TIME = /(^|_)(ns|us|ms|s)$/;

const MEDIAN = /^p50_(ns|us|ms|s)$/;

/**
 * Times of a CSV file with a column `key` (ours or ProxylessNAS's) and one that names its unit: `ms`, `latency_us`,
 * `p50_ns`. A unit is never guessed, nor which of several columns is the time: only a median (`p50_…`) stands out.
 *
 * @throws SinglePathError `INVALID_TABLE`.
 */
export function readCsvTimes(text: string, path: string): ForeignTimes {
  const rows = parse(text, path);
  const columns = Object.keys(rows[0] ?? {});
  const times = columns.filter((name) => TIME.test(name));
  const column = times.length === 1 ? times[0] : times.find((name) => MEDIAN.test(name));
  if (!columns.includes('key') || column === undefined) {
    throw new SinglePathError(
      'INVALID_TABLE',
      `Expected a column 'key' and one that names its unit in '${path}' but received ${columns.join(', ') || 'no rows'}`,
      { hint: 'name the column of times, and no other, after its unit: latency_ms, us or p50_ns' },
    );
  }
  const factor = UNITS[column.slice(column.lastIndexOf('_') + 1)]!;
  const found: ForeignTimes = new Map();
  for (const row of rows) {
    const key = row.key!;
    if (found.has(key)) {
      throw new SinglePathError(
        'INVALID_TABLE',
        `Expected each key once in '${path}' but received '${key}' twice`,
      );
    }
    found.set(key, { mean: Number(row[column] || 'NaN') * factor, spread: 0, count: 0 });
  }
  return found;
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
