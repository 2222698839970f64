import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import type { LatencyTable, TableRow, Times } from '../table.js';
import { checkedTable, notATable } from './schema.js';

const TIMES: readonly (keyof Times)[] = [
  'n',
  'p50',
  'p50Error',
  'min',
  'p10',
  'p90',
  'p99',
  'mean',
  'std',
  'trimmedMean',
];
const HEADER = '# singlepath latency table ';
const SHAPE = /^(\d+)x(\d+)x(\d+)$/;

type Cells = Record<string, string>;

/** The header as JSON in a comment, then one line a row; times are whole nanoseconds. */
export function tableToCsv({ header, rows }: LatencyTable): string {
  return `${HEADER}${JSON.stringify(header)}\n${stringify(rows.map(cellsOf), { header: true, columns: COLUMNS, quoted_string: true })}`;
}

const timeColumn = (name: keyof Times): string => (name === 'n' ? 'n' : `${name}_ns`);
const COLUMNS = [
  'key',
  'label',
  'input',
  'output',
  'source',
  'status',
  'error',
  ...TIMES.map(timeColumn),
  'flags',
  'published_mean_ms',
  'published_spread',
];

function cellsOf({ input, output, times, flags, published, error, ...row }: TableRow): Cells {
  const shape = ({ channels, height, width }: typeof input) => `${channels}x${height}x${width}`;
  return {
    ...row,
    input: shape(input),
    output: shape(output),
    error: error === undefined ? '' : JSON.stringify(error),
    ...Object.fromEntries(TIMES.map((name) => [timeColumn(name), String(times?.[name] ?? '')])),
    flags: flags.join(' '),
    published_mean_ms: String(published?.mean ?? ''),
    published_spread: String(published?.spread ?? ''),
  };
}

/** @throws SinglePathError `INVALID_TABLE`. */
export function tableFromCsv(text: string, path: string): LatencyTable {
  const end = text.indexOf('\n');
  if (!text.startsWith(HEADER) || end < 0) {
    throw notATable(path, `its first line is not '${HEADER}{…}'`);
  }
  try {
    const header = JSON.parse(text.slice(HEADER.length, end)) as unknown;
    return checkedTable({ header, rows: readCsv(text.slice(end + 1)).map(rowOf) }, path);
  } catch (cause) {
    if (cause instanceof SyntaxError || (cause as { code?: string }).code?.startsWith('CSV_')) {
      throw notATable(path, `it is no CSV of one: ${(cause as Error).message}`, cause);
    }
    throw cause;
  }
}

/** Lines of a CSV file by the names of its first. Throws csv-parse's errors. */
export function readCsv(text: string): Cells[] {
  return parse(text, { columns: true, skip_empty_lines: true, comment: '#', comment_no_infix: true });
}

function rowOf(cells: Cells): unknown {
  const { key, label, source, status, error = '', flags = '' } = cells;
  const shape = (text = '') => {
    const [, channels, height, width] = SHAPE.exec(text) ?? [];
    return { channels: Number(channels), height: Number(height), width: Number(width) };
  };
  const times = Object.fromEntries(
    TIMES.flatMap((name): [string, number][] => {
      const cell = cells[timeColumn(name)] ?? '';
      return cell === '' ? [] : [[name, Number(cell)]];
    }),
  );
  const { published_mean_ms: mean = '', published_spread: spread = '' } = cells;
  return {
    key,
    label,
    input: shape(cells.input),
    output: shape(cells.output),
    source,
    status,
    ...(error !== '' && { error: JSON.parse(error) as unknown }),
    ...(Object.keys(times).length > 0 && { times }),
    flags: flags === '' ? [] : flags.split(' '),
    ...(mean !== '' && { published: { mean: Number(mean), spread: Number(spread) } }),
  };
}
