import { SinglePathError } from '../../core/errors.js';
import { median, sortedCopy } from '../../core/statistics.js';
import type { TimingOptions } from '../../runtime/native.js';
import type { Block } from '../rows.js';
import { converged } from '../statistics.js';
import type { Job, JobResult, Plan, StopRule } from './session.js';

/** What a sample must at least take, in nanoseconds: shorter chains run several times in one. */
const SHORTEST_SAMPLE = 50_000;
/** Samples of a job at most, without and with timers; a median of so many is known well enough for any use. */
const MOST_SAMPLES = { plain: 2000, timers: 300 } as const;
/** Calls and seconds between two looks at whether they are enough. */
const BURST = { calls: 100, seconds: 0.2 } as const;

/** Runs the chain of a job for a while; nanoseconds of each call, and with timers of each block ([calls, blocks]). */
export type TimeChain = (options: TimingOptions) => Promise<{ totals: Float64Array; blocks: Float64Array }>;

/** Measures one job, whose blocks are `chain`. */
export type MeasureJob = (
  job: Job,
  chain: readonly Block[],
  stop: StopRule,
  signal: AbortSignal | undefined,
) => Promise<JobResult>;

/** The blocks of a job, in its order. */
export function chainOf({ blocks }: Pick<Plan, 'blocks'>, job: Job): Block[] {
  return job.blocks.map((index) => blocks[index]!);
}

/**
 * Measures the jobs of a plan one after another. A job that cannot be measured is a result too; what stops it all is
 * thrown.
 */
export async function* eachJob(
  plan: Plan,
  signal: AbortSignal | undefined,
  measure: MeasureJob,
): AsyncIterable<JobResult> {
  for (const job of plan.jobs) {
    try {
      yield await measure(job, chainOf(plan, job), plan.stop, signal);
    } catch (error) {
      if (signal?.aborted || !(error instanceof SinglePathError) || error.code === 'ABORTED') throw error;
      yield { seq: job.seq, status: 'failed', error: error.message, totals: [] };
    }
  }
}

/**
 * Samples of one job: warm-up (in full where the chain is `cold`), then bursts without and with timers in turn until the
 * rule says they are enough.
 */
export async function sample(
  job: Job,
  stop: StopRule,
  cold: boolean,
  timeChain: TimeChain,
): Promise<JobResult> {
  const time = (options: Partial<TimingOptions>) =>
    timeChain({ ...BURST, inner: 1, timers: false, ...options });
  const warm = await time({ calls: 1e9, seconds: cold ? stop.warmUpSeconds : 0 });
  if (warm.totals.length < stop.warmUpCalls) {
    await time({ calls: stop.warmUpCalls - warm.totals.length, seconds: stop.timeout });
  }
  const last = median(sortedCopy(warm.totals.slice(-stop.samples)));
  const inner = Math.max(1, Math.ceil(SHORTEST_SAMPLE / Math.max(1, last)));

  const most = job.timers ? MOST_SAMPLES.timers : MOST_SAMPLES.plain;
  const totals: number[] = [];
  const timed: number[][] = job.blocks.map(() => []);
  const started = performance.now();
  for (let enough = false; !enough; ) {
    const { totals: burst } = await time({ inner });
    totals.push(...burst);
    if (job.timers) {
      // As often as without timers, in turn: both see the same machine.
      const { blocks } = await time({ timers: true, calls: burst.length, seconds: 2 * BURST.seconds });
      blocks.forEach((value, i) => {
        timed[i % timed.length]!.push(value);
      });
    }
    const elapsed = (performance.now() - started) / 1000;
    enough =
      (totals.length >= stop.samples && elapsed >= stop.maxSeconds) ||
      totals.length >= most ||
      elapsed >= stop.timeout ||
      converged(sortedCopy(totals), stop.samples, stop.tolerance);
  }
  const whole = (values: number[]) => values.slice(0, most).map(Math.round);
  return {
    seq: job.seq,
    status: 'ok',
    totals: whole(totals),
    ...(job.timers && { blocks: timed.map(whole) }),
  };
}
