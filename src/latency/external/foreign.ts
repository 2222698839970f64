import { expected, SinglePathError } from '../../core/errors.js';
import { readWrittenText } from '../../core/text.js';
import type { SearchSpace } from '../../space/types.js';
import { interpolateRows } from '../interpolate.js';
import type { Row } from '../rows.js';
import { spaceRows } from '../rows.js';
import type { TableRow } from '../table.js';
import { readCsvTimes } from './csvTimes.js';
import { mobileKeys, POOLING, proxylessKey } from './mobileKeys.js';
import type { ForeignTime, ForeignTimes } from './times.js';
import { readYamlTimes, YAML_STYLES } from './yamlTable.js';

interface ForeignFormat {
  read(text: string, path: string): ForeignTimes;
  /** How the file may have each row ({@link KeyStyle}). */
  keys(space: SearchSpace): Map<Row, string[][]>;
}

/** Formats of other projects that `latency import` reads. */
const FOREIGN_FORMATS: Record<'proxyless' | 'ofa' | 'csv', ForeignFormat> = {
  proxyless: yamlFormat('proxyless'),
  ofa: yamlFormat('ofa'),
  csv: {
    read: readCsvTimes,
    keys: (space) => {
      const mobile = mobileKeys(space, proxylessKey);
      return new Map(spaceRows(space).rows.map((row) => [row, [[row.key], ...mobile.get(row)!]]));
    },
  },
};

export type ForeignFormatName = keyof typeof FOREIGN_FORMATS;

function yamlFormat(name: keyof typeof YAML_STYLES): ForeignFormat {
  const style = YAML_STYLES[name];
  return {
    read: (text, path) => readYamlTimes(text, style, path),
    keys: (space) => mobileKeys(space, style.key),
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
  const times = read(readWrittenText(path), path);
  checkTimes(times, path);
  const missing: string[] = [];
  const absent: Row[] = [];
  const measured = new Map<Row, TableRow>();
  for (const [row, ways] of keys(space)) {
    const found = ways.find((way) => way.every((key) => times.has(key)));
    if (found !== undefined) {
      measured.set(
        row,
        importedRow(
          row,
          found.map((key) => times.get(key)!),
        ),
      );
      continue;
    }
    const lacking = (ways.at(-1) ?? []).filter((key) => !times.has(key));
    missing.push(...(lacking.length > 0 ? lacking : [`(none for ${row.label}: ${row.key})`]));
    absent.push(row);
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

/** The sum of times; what has none (identity) takes no time. */
function importedRow({ key, label, block, output }: Row, times: readonly ForeignTime[]): TableRow {
  const [first, ...others] = times;
  const mean = times.reduce((sum, time) => sum + time.mean, 0);
  const count = first === undefined ? 0 : Math.min(...times.map((time) => time.count));
  // Spreads of several times are not known together.
  const spread = others.length === 0 ? (first?.spread ?? 0) : 0;
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
  // An export has the time of the pooling in that of the convolution before it.
  const positive = (key: string, mean: number): boolean =>
    mean > 0 || (mean === 0 && key.startsWith(`${POOLING}-`));
  const bad = [...times].filter(([key, { mean }]) => !(positive(key, mean) && Number.isFinite(mean)));
  if (bad.length === 0) return;
  throw new SinglePathError(
    'INVALID_TABLE',
    `Expected positive times in '${path}' but received ${bad.map(([key, { mean }]) => `${mean} for ${key}`).join(', ')}`,
    { hint: 'leave rows that were not measured out: missing keys are listed' },
  );
}

/** @throws SinglePathError `INVALID_ARGUMENT`. */
export function foreignFormat(name: string): ForeignFormatName {
  if (Object.hasOwn(FOREIGN_FORMATS, name)) return name as ForeignFormatName;
  throw expected(Object.keys(FOREIGN_FORMATS).join(', '), '--format', name);
}
