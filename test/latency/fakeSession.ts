import { SinglePathError } from '../../src/core/errors.js';
import type { Job, JobResult, Plan, Session } from '../../src/latency/device/session.js';
import { blockKey } from '../../src/latency/rows.js';
import type { Environment } from '../../src/latency/table.js';
import { getSpace } from '../../src/space/spaces/catalog.js';
import { madeUpTable } from './tables.js';

export interface FakeOptions {
  /** Nanoseconds of a block alone; of a chain: the sum and `base`. */
  time(key: string): number;
  base?: number;
  timers?: boolean;
  /** Factor on all times of the n-th job that is run. */
  speed?(job: number): number;
  /** So many times the samples of the n-th job. */
  more?(job: number): number;
  /** Relative noise of sample `i`. */
  noise?(i: number): number;
  /** Throws, as a device that is gone, before this many jobs. */
  dieAfter?: number;
  fail?(key: string): string | undefined;
}

/** A device whose times are known. */
export class FakeSession implements Session {
  readonly abilities: Session['abilities'];
  /** Visits that were run, sentinels and empty calls not counted. */
  readonly visits: number[] = [];
  #jobs = 0;

  constructor(readonly options: FakeOptions) {
    const timers = options.timers ?? true;
    this.abilities = { timers, overhead: timers };
  }

  async environment(): Promise<Environment> {
    return madeUpTable(getSpace('nas-bench-macro')).header.environment;
  }

  async *run({ blocks, jobs, stop }: Plan): AsyncIterable<JobResult> {
    for (const job of jobs) {
      if (this.#jobs++ >= (this.options.dieAfter ?? Number.POSITIVE_INFINITY)) {
        throw new SinglePathError('MEASUREMENT', 'the device is gone');
      }
      if (job.seq >= 0) this.visits.push(job.seq);
      const keys = job.blocks.map((index) => blockKey(blocks[index]!));
      const error = keys.map((key) => this.options.fail?.(key)).find((text) => text !== undefined);
      yield error === undefined
        ? this.#timed(job, keys, Math.max(stop.samples, 20))
        : { seq: job.seq, status: 'failed', error, totals: [] };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #timed(job: Job, keys: string[], samples: number): JobResult {
    const { time, base = 0, speed = () => 1, noise = () => 0, more = () => 1 } = this.options;
    const factor = speed(this.#jobs - 1);
    const sample = (ns: number) =>
      Array.from({ length: samples * more(this.#jobs - 1) }, (_, i) => ns * factor * (1 + noise(i)));
    const times = keys.map(time);
    const sum = times.reduce((a, b) => a + b, base);
    return {
      seq: job.seq,
      status: 'ok',
      totals: sample(sum),
      // Timers cost time: what they say must be scaled.
      ...(job.timers && { blocks: times.map((ns) => sample(ns * 1.25)) }),
    };
  }
}
