import { meanOf, median, sortedCopy } from '../../core/statistics.js';
import type { Row, SpaceRows } from '../rows.js';
import { fastestOf, isDisturbed, timesOf } from '../statistics.js';
import type { RowSource, TableRow } from '../table.js';
import { type Reading, slowness } from './speed.js';
import { steadyOnes, type VisitResult } from './windows.js';

/** Intervals narrower than this, in nanoseconds, are as good as a clock can tell: identity takes no time at all. */
const RESOLUTION = 100;

interface Samples {
  /** One a visit and place. */
  visits: { times: number[]; drifted: boolean; disturbed: boolean }[];
  errors: Set<string>;
  timeouts: number;
}

export interface RowOptions {
  source: Extract<RowSource, 'in_context' | 'isolated'>;
  overheadNs: number;
  /** Interval of the median, as a part of it, within which a row has converged. */
  tolerance: number;
  /** Of each visit so many count, spread over it: one that took more, because the machine was busy, has no more weight. */
  samples: number;
}

/**
 * The rows of a table from the visits that ran them. In context the times of a path's blocks are scaled to the time the
 * path takes without timers. How slow the machine was during a visit (in context) or window (alone) is divided out
 * ({@link slowness}). Visits at another speed of the machine only count where a row has mostly such.
 */
export function rowsOfVisits(
  { rows }: SpaceRows,
  visits: readonly VisitResult[],
  options: RowOptions,
): TableRow[] {
  const samples = rows.map((): Samples => ({ visits: [], errors: new Set(), timeouts: 0 }));
  const timed = visits.map((visit) => {
    const group = visit.visit.chain.length > 1 ? visit.visit.index : visit.window;
    return { ...visit, group, times: timesOfBlocks(visit.result, options.overheadNs) };
  });
  const slow = slowness(timed.flatMap(({ visit: { chain }, group, times }) => readings(chain, group, times)));
  for (const { visit, result, drifted, group, times } of timed) {
    const factor = slow.get(group) ?? 1;
    visit.chain.forEach((row, place) => {
      const own = samples[row]!;
      const found = times[place];
      if (found !== undefined) {
        const even = spread(found, options.samples).map((time) => time / factor);
        own.visits.push({ times: even, drifted, disturbed: isDisturbed(result.totals) });
      }
      if (result.error !== undefined) own.errors.add(result.error);
      if (result.status === 'timeout') own.timeouts++;
    });
  }
  return rows.map((row, index) => tableRow(row, samples[index]!, options));
}

function readings(
  chain: readonly number[],
  group: number,
  times: readonly (number[] | undefined)[],
): Reading[] {
  return chain.flatMap((item, place): Reading[] => {
    const own = times[place];
    return own === undefined ? [] : [{ item, group, value: median(sortedCopy(own)) }];
  });
}

/** At most `most` of the values, at equal distances. */
function spread(values: readonly number[], most: number): number[] {
  const count = Math.min(most, values.length);
  return Array.from({ length: count }, (_, i) => values[Math.floor((i * values.length) / count)]!);
}

/** For each place of the chain, nanoseconds of the block there. */
function timesOfBlocks(
  { status, totals, blocks }: VisitResult['result'],
  overheadNs: number,
): (number[] | undefined)[] {
  if (status !== 'ok') return [];
  const counting = isDisturbed(totals) ? fastestOf : (samples: readonly number[]) => [...samples];
  const middle = (samples: readonly number[]) => median(sortedCopy(counting(samples)));
  if (blocks === undefined) return [counting(totals).map((total) => Math.max(0, total - overheadNs))];
  const sum = blocks.reduce((total, times) => total + middle(times), 0);
  const scale = Math.max(0, middle(totals) - overheadNs) / sum;
  return blocks.map((times) => counting(times).map((time) => time * scale));
}

function tableRow(
  { key, label, block, output }: Row,
  { visits, errors, timeouts }: Samples,
  { source, tolerance }: RowOptions,
): TableRow {
  const { kept, drifted } = steadyOnes(visits);
  const samples = kept.flatMap(({ times }) => times);
  const row = { key, label, input: block.input, output, source };
  if (samples.length === 0) {
    const error = [...errors].join('; ');
    return { ...row, status: timeouts > 0 ? 'timeout' : 'failed', ...(error !== '' && { error }), flags: [] };
  }
  const times = timesOf(samples);
  const quiet = 2 * kept.filter(({ disturbed }) => disturbed).length <= kept.length;
  const error = times.p50Error ?? Number.POSITIVE_INFINITY;
  const within = quiet && error <= Math.max(RESOLUTION, tolerance * times.p50);
  return {
    ...row,
    status: 'ok',
    times,
    flags: [...(within ? [] : (['not_converged'] as const)), ...(drifted ? (['drifted'] as const) : [])],
  };
}

/** Mean relative half-width of the medians' intervals: how repeatable a row is. Null where no row had samples enough to tell. */
export function meanUncertainty(rows: readonly TableRow[]): number | null {
  const parts = rows.flatMap(({ times }) =>
    times?.p50Error !== undefined && times.p50 > 0 ? [times.p50Error / times.p50] : [],
  );
  return parts.length === 0 ? null : meanOf(parts);
}
