import type { Shape } from '../graph/node/types.js';

/** Version of the file format; a reader refuses a larger one. */
export const TABLE_VERSION = 1;

/** What runs the blocks of a table. `imported`: unknown, the times come from a foreign file. */
export type RuntimeName = 'singlepath' | 'torchscript' | 'onnxruntime' | 'runner' | 'imported';

/** Storage of activations on the device. */
export type Precision = 'fp32' | 'bf16';

/**
 * Where and how times were measured. Everything but `clockMhz` and `load` is the identity of the
 * environment: times of two identities do not belong into one table.
 */
export interface Environment {
  /** Name of the CPU or GPU. */
  device: string;
  /** `Linux 6.1 x64` */
  platform: string;
  runtime: RuntimeName;
  /** Version of libtorch, of onnxruntime; instruction set of our kernels; the command of a runner. */
  runtimeVersion: string;
  /** Of a runner: the regular expression that finds the time in what its command prints; absent: in the last line. */
  runnerPattern?: string;
  /** Processors the process may run on. */
  affinity: number[];
  /** Threads of one operation; 0 where unknown. */
  threads: number;
  batch: number;
  dtype: Precision;
  layout: string;
  /** Frequency governor of the first processor used; `unknown` where the system does not tell. */
  governor: string;
  clockMhz: Span;
  /** Load average of one minute. */
  load: Span;
}

/** A reading before and after measuring; absent where the system has none. */
export interface Span {
  before?: number;
  after?: number;
}

/** The space a table is for: the settings that open it again, and the hash of what it computes. */
export interface SpaceReference {
  /** A built-in space; empty where it came from a file. */
  name: string;
  file: string;
  size: number;
  channels: number;
  classes: number;
  options: Record<string, unknown>;
  hash: string;
}

/** `T = bias + scale * sum`, fitted on whole networks. */
export interface Calibration {
  biasNs: number;
  scale: number;
  /** Networks it was fitted on. */
  networks: number;
  /** Whether the rows were fitted too (many networks), or only these two numbers. */
  refitted: boolean;
}

/** How well a table predicts held-out whole networks, in per cent of the measured time. */
export interface TableAccuracy {
  networks: number;
  /** Mean absolute error. */
  mape: number;
  rmse: number;
  /** Mean error: positive where the table says too much. */
  bias: number;
  /** Shares within 5 and 10 per cent. */
  within5: number;
  within10: number;
  /** Null where all predicted or all measured times are equal: there is no order to compare. */
  kendall: number | null;
  spearman: number | null;
}

export interface TableHeader {
  version: number;
  /** `singlepath 0.1.0` */
  tool: string;
  /** ISO 8601. */
  created: string;
  space: SpaceReference;
  environment: Environment;
  /** Time of an empty call, which was subtracted from every sample. */
  overheadNs: number;
  calibration?: Calibration;
  /** What `latency verify` found last. */
  accuracy?: TableAccuracy;
}

export type RowSource = 'in_context' | 'isolated' | 'imported' | 'interpolated';

/** Best first: what a sum takes where a key has several rows. */
const SOURCES: readonly RowSource[] = ['in_context', 'isolated', 'imported', 'interpolated'];

/** `not_converged`: the maximum time came first; `drifted`: the machine changed its speed meanwhile. */
export type RowFlag = 'not_converged' | 'drifted';

/** Times of one call in whole nanoseconds. */
export interface Times {
  /** Samples behind it. */
  n: number;
  p50: number;
  /** Half the width of the distribution-free 95 % confidence interval of the median. */
  p50Error?: number;
  min?: number;
  p10?: number;
  /** Only where there are enough samples for it. */
  p90?: number;
  p99?: number;
  mean?: number;
  std?: number;
  /** Without the fastest and the slowest tenth. */
  trimmedMean?: number;
}

/** A time as a foreign file has it, in milliseconds: kept so that sums and exports are those of the file. */
export interface Published {
  mean: number;
  /** ProxylessNAS: variance; Once-for-all: standard deviation. */
  spread: number;
}

export interface TableRow {
  /** Canonical block and input shape: `blockKey`. */
  key: string;
  label: string;
  input: Shape;
  output: Shape;
  source: RowSource;
  /** `failed` and `timeout` rows have no time and count as missing. */
  status: 'ok' | 'failed' | 'timeout';
  /** Why it failed. */
  error?: string;
  times?: Times;
  flags: RowFlag[];
  published?: Published;
}

export interface LatencyTable {
  header: TableHeader;
  rows: TableRow[];
}

/** The time of a row in nanoseconds, as sums use it; undefined where it was not measured. */
export function rowTime({ status, times, published }: TableRow): number | undefined {
  if (status !== 'ok') return undefined;
  return published === undefined ? times?.p50 : published.mean * 1e6;
}

/** By key, the best row that has a time. */
export function bestRows({ rows }: LatencyTable): Map<string, TableRow> {
  const best = new Map<string, TableRow>();
  for (const row of rows) {
    if (rowTime(row) === undefined) continue;
    const other = best.get(row.key);
    if (other === undefined || SOURCES.indexOf(row.source) < SOURCES.indexOf(other.source))
      best.set(row.key, row);
  }
  return best;
}

/** Rows that have another time than an earlier one of their key and source: nobody can tell which of them is right. */
export function contradictions({ rows }: LatencyTable): TableRow[] {
  const first = new Map<string, number>();
  return rows.filter((row) => {
    const time = rowTime(row);
    if (time === undefined) return false;
    const name = `${row.source} ${row.key}`;
    const known = first.get(name);
    if (known === undefined) first.set(name, time);
    return known !== undefined && known !== time;
  });
}
