import { readFileSync } from 'node:fs';
import { expected, SinglePathError } from '../../core/errors.js';
import { ioError } from '../../core/files.js';
import type { SearchSpace } from '../../space/types.js';
import { interpolateRows } from '../interpolate.js';
import type { Row } from '../rows.js';
import { spaceRows } from '../rows.js';
import type { TableRow } from '../table.js';
import { readCsvTimes } from './csvTimes.js';
import { mobileKeys, proxylessKey } from './mobileKeys.js';
import { readYamlTimes, YAML_STYLES } from './yamlTable.js';

/** A time in milliseconds, as a foreign file has it. */
export interface ForeignTime {
  mean: number;
  spread: number;
  count: number;
}

export type ForeignTimes = Map<string, ForeignTime>;

interface ForeignFormat {
  read(text: string, path: string): ForeignTimes;
  /** Keys under which the file may have a row; none for identity, undefined where it cannot have it. */
  keys(space: SearchSpace): Map<Row, string[] | undefined>;
}

/** Formats of other projects that `latency import` reads. */
const FOREIGN_FORMATS: Record<'proxyless' | 'ofa' | 'csv', ForeignFormat> = {
  proxyless: yamlFormat('proxyless'),
  ofa: yamlFormat('ofa'),
  csv: {
    read: readCsvTimes,
    keys: (space) => {
      const mobile = mobileKeys(space, proxylessKey);
      return new Map(
        spaceRows(space).rows.map((row) => {
          const other = mobile.get(row);
          return [row, other ? [row.key, other] : other === null ? [] : [row.key]];
        }),
      );
    },
  },
};

export type ForeignFormatName = keyof typeof FOREIGN_FORMATS;

function yamlFormat(name: keyof typeof YAML_STYLES): ForeignFormat {
  const style = YAML_STYLES[name];
  return {
    read: (text, path) => readYamlTimes(text, style, path),
    keys: (space) =>
      new Map(
        [...mobileKeys(space, style.key)].map(([row, key]) => {
          if (key === undefined) return [row, undefined];
          return [row, key === null ? [] : [key]];
        }),
      ),
  };
}

/**
 * The rows of a space from a foreign file. Identity costs nothing there, and so here.
 *
 * @throws SinglePathError `INVALID_TABLE`: one error that lists all missing keys, one that lists all times that are
 *   not positive; `IO`.
 */
export function importRows(
  space: SearchSpace,
  path: string,
  format: ForeignFormatName,
  { interpolate = false }: { interpolate?: boolean } = {},
): TableRow[] {
  const { read, keys } = FOREIGN_FORMATS[format];
  const times = read(readText(path), path);
  checkTimes(times, path);
  const missing: string[] = [];
  const absent: Row[] = [];
  const measured = new Map<Row, TableRow>();
  for (const [row, candidates] of keys(space)) {
    const found = candidates?.find((key) => times.has(key));
    if (found !== undefined) measured.set(row, importedRow(row, times.get(found)!));
    else if (candidates?.length === 0) measured.set(row, importedRow(row));
    else {
      missing.push(candidates?.at(-1) ?? `(none for ${row.label}: ${row.key})`);
      absent.push(row);
    }
  }
  if (missing.length > 0 && !interpolate) {
    throw new SinglePathError(
      'INVALID_TABLE',
      `Expected all rows of '${space.name}' in '${path}' but these ${missing.length} keys are missing:\n  ${missing.join('\n  ')}`,
      {
        hint: 'is it for this space, input size and number of classes? --interpolate estimates what is missing',
      },
    );
  }
  return [...measured.values(), ...(absent.length === 0 ? [] : interpolateRows(absent, measured))];
}

function importedRow({ key, label, block, output }: Row, time?: ForeignTime): TableRow {
  const { mean, spread, count } = time ?? { mean: 0, spread: 0, count: 0 };
  return {
    key,
    label,
    input: block.input,
    output,
    source: 'imported',
    status: 'ok',
    times: { n: count, p50: Math.round(mean * 1e6) },
    flags: [],
    published: { mean, spread },
  };
}

function checkTimes(times: ForeignTimes, path: string): void {
  const bad = [...times].filter(([, { mean }]) => !(mean > 0 && Number.isFinite(mean)));
  if (bad.length === 0) return;
  throw new SinglePathError(
    'INVALID_TABLE',
    `Expected positive times in '${path}' but received ${bad.map(([key, { mean }]) => `${mean} for ${key}`).join(', ')}`,
    { hint: 'leave rows that were not measured out: missing keys are listed' },
  );
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw ioError('read', path, error);
  }
}

/** @throws SinglePathError `INVALID_ARGUMENT`. */
export function foreignFormat(name: string): ForeignFormatName {
  if (Object.hasOwn(FOREIGN_FORMATS, name)) return name as ForeignFormatName;
  throw expected(Object.keys(FOREIGN_FORMATS).join(', '), '--format', name);
}
