import { SinglePathError } from '../../core/errors.js';
import { median, sortedCopy } from '../../core/statistics.js';
import type { SearchSpace } from '../../space/types.js';
import type { JobResult, Session, StopRule } from '../device/session.js';
import { type Block, type SpaceRows, spaceRows } from '../rows.js';
import type { Environment, TableRow } from '../table.js';
import type { Journal } from './journal.js';
import { rowsOfVisits } from './rowsOfVisits.js';
import { isolatedVisits, pathVisit, type Visit } from './visits.js';
import { Windows } from './windows.js';

export type Method = 'in_context' | 'isolated' | 'both';

/** Everything that decides which samples are taken: docs/latency.md. */
export interface MeasureSettings {
  method: Method;
  seed: number;
  stop: StopRule;
  /** in_context: random paths at least, and at most where rows have not converged. */
  paths: number;
  maxPaths: number;
  /** isolated: visits of each row. */
  repetitions: number;
  /** Visits of a window: after so many the sentinel is measured. */
  sentinelEvery: number;
  /** Change of the sentinel, as a part of its median, from which on a window counts as measured at another speed. */
  drift: number;
  /** Seconds before such a window is measured again. */
  coolDown: number;
  /** How often it is, at most. */
  retries: number;
}

export interface MeasureProgress {
  done: number;
  total: number;
  /** Rows whose median is within the tolerance, and all. */
  converged: number;
  rows: number;
}

export interface MeasureOptions extends MeasureSettings {
  space: SearchSpace;
  session: Session;
  journal?: Journal | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: MeasureProgress) => void) | undefined;
  onDrift?: ((change: number, again: boolean) => void) | undefined;
}

export interface Measured {
  rows: TableRow[];
  overheadNs: number;
  environment: Environment;
}

/**
 * Measures all rows of a space: alone, or with timers inside random single paths (preferred), in random order, with a
 * sentinel that tells when the machine changed its speed. With a journal, what it holds is not measured again.
 *
 * @throws SinglePathError `ABORTED`, `MEASUREMENT`, `INVALID_ARGUMENT` for a method the device cannot do.
 */
export async function measure(options: MeasureOptions): Promise<Measured> {
  const { session, method, signal } = options;
  if (method !== 'isolated' && !session.abilities.timers) {
    throw new SinglePathError(
      'INVALID_ARGUMENT',
      `Expected --method isolated for this device but received ${method}`,
      {
        hint: 'it runs networks as a whole: blocks inside them cannot be timed',
      },
    );
  }
  const before = await session.environment();
  try {
    const overheadNs = await measureOverhead(options);
    const rows: TableRow[] = [];
    if (method !== 'isolated') rows.push(...(await inContext(options, overheadNs)));
    if (method !== 'in_context') rows.push(...(await isolated(options, overheadNs)));
    const environment = between(before, await session.environment());
    return { rows, overheadNs, environment };
  } catch (error) {
    throw stoppedMeasurement(error, options.journal, signal);
  }
}

/** The error of a measurement; where it was stopped it says how to go on. */
export function stoppedMeasurement(
  error: unknown,
  journal: Journal | undefined,
  signal: AbortSignal | undefined,
): unknown {
  if (!signal?.aborted) return error;
  return new SinglePathError('ABORTED', 'The measurement was stopped', {
    hint: journal && `what was measured is in '${journal.path}': go on with --resume`,
    cause: error,
  });
}

/** The readings of two moments as one environment. */
export function between(before: Environment, after: Environment): Environment {
  const span = (one: Environment['load'], two: Environment['load']) => ({
    ...one,
    ...(two.before !== undefined && { after: two.before }),
  });
  return { ...before, clockMhz: span(before.clockMhz, after.clockMhz), load: span(before.load, after.load) };
}

async function inContext(options: MeasureOptions, overheadNs: number): Promise<TableRow[]> {
  const { space, seed, paths, maxPaths, stop, sentinelEvery, onProgress } = options;
  const all = spaceRows(space);
  const largest = Math.max(...all.layers.map(({ rows }) => rows.length));
  // Every row at least once.
  const least = Math.max(paths, largest);
  const most = Math.max(maxPaths, least);
  const compile = () => rowsOfVisits(all, windows.results, { ...stop, source: 'in_context', overheadNs });
  let converged = 0;
  const windows = windowsOf(options, all, (inWindow) => {
    const done = windows.count + inWindow;
    onProgress?.({ done, total: Math.max(least, done), converged, rows: all.rows.length });
  });
  for (let window = 0; ; window++) {
    const first = window * sentinelEvery;
    const limit = first < least ? least : most;
    const count = Math.min(sentinelEvery, limit - first);
    await windows.run(
      window,
      Array.from({ length: count }, (_, i) => pathVisit(all, first + i, seed)),
    );
    const rows = compile();
    converged = rows.filter(isConverged).length;
    const done = first + count;
    if (done >= most || (done >= least && converged === rows.length)) return rows;
  }
}

async function isolated(options: MeasureOptions, overheadNs: number): Promise<TableRow[]> {
  const { space, seed, repetitions, stop, sentinelEvery, onProgress, method } = options;
  const all = spaceRows(space);
  const visits = isolatedVisits(all, repetitions, seed);
  const windows = windowsOf(options, all, (inWindow) => {
    const done = windows.count + inWindow;
    onProgress?.({ done, total: visits.length, converged: 0, rows: all.rows.length });
  });
  // Windows of `both` have numbers of their own in the journal.
  const start = method === 'both' ? 1_000_000 : 0;
  for (let first = 0, window = start; first < visits.length; first += sentinelEvery, window++) {
    await windows.run(window, visits.slice(first, first + sentinelEvery));
  }
  return rowsOfVisits(all, windows.results, { ...stop, source: 'isolated', overheadNs });
}

function windowsOf(options: MeasureOptions, all: SpaceRows, onVisit: (inWindow: number) => void): Windows {
  const blocks = all.rows.map(({ block }) => block);
  return new Windows({ ...options, blocks, sentinel: pathVisit(all, 0, options.seed).chain, onVisit });
}

const isConverged = ({ status, flags }: TableRow): boolean =>
  status === 'ok' && !flags.includes('not_converged');

/** Time of a call that does nothing, in whole nanoseconds. */
export async function measureOverhead({
  session,
  space,
  stop,
  journal,
  signal,
}: Pick<MeasureOptions, 'session' | 'space' | 'stop' | 'journal' | 'signal'>): Promise<number> {
  if (!session.abilities.overhead) return 0;
  const known = journal?.records.find((record) => record.type === 'overhead');
  if (known !== undefined) return known.ns;
  const nothing: Block = { input: spaceRows(space).rows[0]!.block.input, graph: { nodes: [] } };
  const { totals } = await one(session, [nothing], { seq: -1, chain: [0] }, stop, signal);
  const ns = Math.round(median(sortedCopy(totals)));
  journal?.append({ type: 'overhead', ns });
  return ns;
}

async function one(
  session: Session,
  blocks: Block[],
  { seq, chain }: { seq: number } & Pick<Visit, 'chain'>,
  stop: StopRule,
  signal: AbortSignal | undefined,
): Promise<JobResult> {
  for await (const result of session.run(
    { blocks, stop, jobs: [{ seq, blocks: chain, timers: false }] },
    { signal },
  )) {
    if (result.status === 'ok') return result;
    throw new SinglePathError(
      'MEASUREMENT',
      `An empty network could not be measured: ${result.error ?? result.status}`,
    );
  }
  throw new SinglePathError(
    'MEASUREMENT',
    'Expected the time of an empty network but the device sent nothing',
  );
}
