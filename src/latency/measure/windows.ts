import { setTimeout as sleep } from 'node:timers/promises';
import { SinglePathError } from '../../core/errors.js';
import type { JobResult, Session, StopRule } from '../device/session.js';
import type { Block } from '../rows.js';
import type { Journal } from './journal.js';
import { median, sortedCopy } from './statistics.js';
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
  /** The machine changed its speed meanwhile, and did so each time it was measured. */
  drifted: boolean;
}

/**
 * Measures visits in windows with a sentinel after each. Where its time left that of the first one by more than `drift`
 * the machine is given time to cool down and the window is measured again. What the journal has is not measured again.
 */
export class Windows {
  readonly #done: VisitResult[] = [];
  /** By window, the present attempt's results by visit. */
  readonly #open = new Map<number, { attempt: number; results: Map<number, JobResult> }>();
  readonly #closed = new Map<number, { attempt: number; ns: number }>();
  #reference: number | undefined;

  constructor(readonly options: WindowOptions) {
    for (const record of options.journal?.records ?? []) {
      if (record.type === 'visit')
        this.#attempt(record.window, record.attempt).results.set(record.visit, record.result);
      if (record.type === 'sentinel') {
        if (record.window < 0) this.#reference = record.ns;
        else if (this.#keeps(record.attempt, record.ns)) this.#closed.set(record.window, record);
        else this.#open.set(record.window, { attempt: record.attempt + 1, results: new Map() });
      }
    }
  }

  /** All results so far. */
  get results(): readonly VisitResult[] {
    return this.#done;
  }

  /** Measures visits `from` … `from + sentinelEvery - 1` or as many as are given, as one window. */
  async run(window: number, visits: readonly Visit[]): Promise<void> {
    const { onDrift, coolDown, signal } = this.options;
    this.#reference ??= await this.#sentinel(-1, 0);
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
        if (this.#keeps(attempt, ns)) closed = { attempt, ns };
        else {
          onDrift?.(ns / this.#reference - 1, true);
          this.#open.set(window, { attempt: attempt + 1, results: new Map() });
          await sleep(coolDown * 1000, undefined, signal ? { signal } : {}).catch(() => {});
          continue;
        }
      }
      const drifted = !this.#steady(closed.ns);
      if (drifted) onDrift?.(closed.ns / this.#reference - 1, false);
      this.#done.push(...visits.map((visit) => ({ visit, result: results.get(visit.index)!, drifted })));
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
      const ns = median(sortedCopy(totals));
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

  #steady(ns: number): boolean {
    return Math.abs(ns / this.#reference! - 1) <= this.options.drift;
  }

  #keeps(attempt: number, ns: number): boolean {
    return this.#steady(ns) || attempt >= this.options.retries;
  }
}
