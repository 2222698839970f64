import { setTimeout as sleep } from 'node:timers/promises';
import { SinglePathError } from '../../core/errors.js';
import { median, sortedCopy } from '../../core/statistics.js';
import type { JobResult, Session, StopRule } from '../device/session.js';
import type { Block } from '../rows.js';
import { undisturbed } from '../statistics.js';
import type { Journal } from './journal.js';
import type { Visit } from './visits.js';

export interface WindowOptions {
  session: Session;
  blocks: Block[];
  stop: StopRule;
  journal?: Journal | undefined;
  /** The chain whose time tells whether the machine changed its speed. */
  sentinel: number[];
  sentinelEvery: number;
  drift: number;
  coolDown: number;
  retries: number;
  signal?: AbortSignal | undefined;
  onVisit?: ((done: number) => void) | undefined;
  onDrift?: ((change: number, again: boolean) => void) | undefined;
}

export interface VisitResult {
  visit: Visit;
  result: JobResult;
  /** Visits of one window were measured one after another. */
  window: number;
  /** The machine had another speed than most of the time, each time it was measured. */
  drifted: boolean;
}

/**
 * Measures visits in windows with a sentinel after each. Where its time leaves the median of those before by more than
 * `drift` the machine is given time to cool down and the window is measured again. What the journal has is not measured
 * again.
 */
export class Windows {
  /** Results, each with the sentinel's nanoseconds of its window. */
  readonly #done: { visit: Visit; result: JobResult; window: number; ns: number }[] = [];
  /** By window, the present attempt's results by visit. */
  readonly #open = new Map<number, { attempt: number; results: Map<number, JobResult> }>();
  readonly #closed = new Map<number, { attempt: number; ns: number }>();
  /** Sentinels that count, in order: the one before all, and those of closed windows. */
  #sentinels: number[] = [];

  constructor(readonly options: WindowOptions) {
    for (const record of options.journal?.records ?? []) {
      if (record.type === 'visit')
        this.#attempt(record.window, record.attempt).results.set(record.visit, record.result);
      if (record.type === 'sentinel') {
        if (record.window < 0) this.#sentinels = [record.ns];
        else if (this.#keeps(record.attempt, record.ns)) this.#close(record.window, record);
        else this.#open.set(record.window, { attempt: record.attempt + 1, results: new Map() });
      }
    }
  }

  /** How many results there are. */
  get count(): number {
    return this.#done.length;
  }

  /** All results so far. */
  get results(): readonly VisitResult[] {
    return this.#done.map(({ ns, ...visit }) => ({ ...visit, drifted: !this.#steady(ns) }));
  }

  /** Measures visits as one window; those that the journal has of it are not measured again. */
  async run(window: number, visits: readonly Visit[]): Promise<void> {
    const { onDrift, coolDown, signal } = this.options;
    if (this.#sentinels.length === 0) this.#sentinels.push(await this.#sentinel(-1, 0));
    for (;;) {
      const { attempt, results } = this.#attempt(window, this.#open.get(window)?.attempt ?? 0);
      await this.#measure(
        window,
        attempt,
        visits.filter(({ index }) => !results.has(index)),
        results,
      );
      let closed = this.#closed.get(window);
      if (closed === undefined) {
        const ns = await this.#sentinel(window, attempt);
        const steady = this.#steady(ns);
        if (!steady) onDrift?.(ns / this.#reference - 1, !this.#keeps(attempt, ns));
        if (this.#keeps(attempt, ns)) {
          closed = { attempt, ns };
          this.#close(window, closed);
        } else {
          this.#open.set(window, { attempt: attempt + 1, results: new Map() });
          await sleep(coolDown * 1000, undefined, signal ? { signal } : {}).catch(() => {});
          continue;
        }
      }
      const { ns } = closed;
      const done = visits.map((visit) => ({ visit, result: results.get(visit.index)!, window, ns }));
      this.#done.push(...done);
      return;
    }
  }

  async #measure(
    window: number,
    attempt: number,
    missing: readonly Visit[],
    results: Map<number, JobResult>,
  ): Promise<void> {
    const { session, blocks, stop, journal, signal, onVisit } = this.options;
    if (missing.length === 0) return;
    const jobs = missing.map(({ index, chain, timers }) => ({ seq: index, blocks: chain, timers }));
    for await (const result of session.run({ blocks, stop, jobs }, { signal })) {
      journal?.append({ type: 'visit', window, attempt, visit: result.seq, result });
      results.set(result.seq, result);
      onVisit?.(results.size);
    }
    const lost = missing.find(({ index }) => !results.has(index));
    if (lost !== undefined) {
      throw new SinglePathError(
        'MEASUREMENT',
        `Expected a result of visit ${lost.index} but the device sent none`,
        {
          hint: 'what was measured is kept: go on with --resume',
        },
      );
    }
  }

  /** Median of the sentinel in nanoseconds. */
  async #sentinel(window: number, attempt: number): Promise<number> {
    const { session, blocks, stop, sentinel, signal, journal } = this.options;
    const plan = { blocks, stop, jobs: [{ seq: -1, blocks: sentinel, timers: false }] };
    for await (const { status, error, totals } of session.run(plan, { signal })) {
      if (status !== 'ok') {
        throw new SinglePathError('MEASUREMENT', `The sentinel could not be measured: ${error ?? status}`, {
          hint: 'it is a network of the space: what stops it stops every row',
        });
      }
      const ns = median(sortedCopy(undisturbed(totals)));
      journal?.append({ type: 'sentinel', window, attempt, ns });
      return ns;
    }
    throw new SinglePathError('MEASUREMENT', 'Expected the sentinel but the device sent nothing');
  }

  #attempt(window: number, attempt: number): { attempt: number; results: Map<number, JobResult> } {
    const open = this.#open.get(window);
    if (open?.attempt === attempt) return open;
    const fresh = { attempt, results: new Map<number, JobResult>() };
    this.#open.set(window, fresh);
    return fresh;
  }

  #close(window: number, sentinel: { attempt: number; ns: number }): void {
    this.#closed.set(window, sentinel);
    this.#sentinels.push(sentinel.ns);
  }

  /** What most windows saw: a single one, such as the first, may have been a moment of another speed. */
  get #reference(): number {
    return median(sortedCopy(this.#sentinels));
  }

  #steady(ns: number): boolean {
    return Math.abs(ns / this.#reference - 1) <= this.options.drift;
  }

  #keeps(attempt: number, ns: number): boolean {
    return this.#steady(ns) || attempt >= this.options.retries;
  }
}

/** Without what drifted, where at least half of it did not; else all of it. */
export function steadyOnes<T extends { drifted: boolean }>(
  all: readonly T[],
): { kept: readonly T[]; drifted: boolean } {
  const steady = all.filter(({ drifted }) => !drifted);
  const drifted = 2 * steady.length < all.length;
  return { kept: drifted ? all : steady, drifted };
}
