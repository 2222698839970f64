import { SinglePathError } from '../../core/errors.js';
import { addon } from '../../runtime/addon.js';
import { callNative, cancellation } from '../../runtime/call.js';
import type { NativeStopwatch, TimingOptions } from '../../runtime/native.js';
import { describeNetwork } from '../../supernet/supernet.js';
import { converged, median, sortedCopy } from '../measure/statistics.js';
import { type Block, blockKey } from '../rows.js';
import type { Environment } from '../table.js';
import { machineEnvironment } from './machine.js';
import { chainNetwork } from './network.js';
import type { Job, JobResult, Plan, RunSettings, Session, StopRule } from './session.js';
import { torchscriptOf } from './torchscriptFile.js';

/** What a sample must at least take: shorter chains run several times in one. */
const SHORTEST_SAMPLE = 50_000;
/** Samples of a job at most, without and with timers; a median of so many is known well enough for any use. */
const MOST_SAMPLES = { plain: 2000, timers: 300 } as const;
/** Calls and seconds between two looks at whether they are enough. */
const BURST = { calls: 100, seconds: 0.2 } as const;

export interface LocalOptions extends RunSettings {
  runtime: 'singlepath' | 'torchscript';
  kernels?: 'fused' | 'aten';
  device?: string;
}

/** Measures in this process, on the engine's thread. */
export class LocalSession implements Session {
  readonly abilities = { timers: true, overhead: true } as const;
  readonly #stopwatch: NativeStopwatch;
  /** By block, the numbers of its copies: each place of a chain has weights of its own. */
  readonly #copies = new Map<string, number[]>();
  /** Copies that have run for the time of a warm-up. */
  readonly #warm = new Set<number>();
  readonly #threadsBefore: number;

  /** @throws SinglePathError `NATIVE_MISSING`, `DEVICE_UNAVAILABLE`. */
  constructor(readonly options: LocalOptions) {
    const { threads, batch, dtype, kernels = 'fused', device = 'cpu' } = options;
    this.#threadsBefore = addon().threads();
    addon().setThreads(threads);
    this.#stopwatch = callNative(() => new (addon().Stopwatch)({ device, kernels, precision: dtype, batch }));
  }

  async environment(): Promise<Environment> {
    return machineEnvironment(this.options);
  }

  async *run(
    { blocks, stop, jobs }: Plan,
    { signal }: { signal?: AbortSignal | undefined },
  ): AsyncIterable<JobResult> {
    for (const job of jobs) {
      try {
        yield await this.#measure(job, blocks, stop, signal);
      } catch (error) {
        if (signal?.aborted || !(error instanceof SinglePathError) || error.code === 'ABORTED') throw error;
        yield { seq: job.seq, status: 'failed', error: error.message, totals: [] };
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopwatch.dispose();
    addon().setThreads(this.#threadsBefore);
  }

  async #measure(
    job: Job,
    blocks: readonly Block[],
    stop: StopRule,
    signal: AbortSignal | undefined,
  ): Promise<JobResult> {
    const chain = await this.#chain(job.blocks.map((index) => blocks[index]!));
    const time = async (options: Partial<TimingOptions>) => {
      using token = cancellation(signal);
      const all = { ...BURST, inner: 1, timers: false, ...options };
      return await callNative(() => this.#stopwatch.time(chain, all, token.native));
    };
    // A block that has run before only needs its caches filled again.
    const cold = chain.some((copy) => !this.#warm.has(copy));
    const warm = await time({ calls: 1e9, seconds: cold ? stop.warmUpSeconds : 0 });
    for (const copy of chain) this.#warm.add(copy);
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
        const { blocks: flat } = await time({
          timers: true,
          calls: burst.length,
          seconds: 2 * BURST.seconds,
        });
        flat.forEach((value, i) => {
          timed[i % timed.length]!.push(value);
        });
      }
      const elapsed = (performance.now() - started) / 1000;
      enough =
        (totals.length >= stop.samples && elapsed >= stop.maxSeconds) ||
        totals.length >= most ||
        converged(sortedCopy(totals), stop.samples, stop.tolerance);
      if (elapsed >= stop.timeout) enough = true;
    }
    const whole = (values: number[]) => values.slice(0, most).map(Math.round);
    return {
      seq: job.seq,
      status: 'ok',
      totals: whole(totals),
      ...(job.timers && { blocks: timed.map(whole) }),
    };
  }

  /** Numbers of the blocks in the stopwatch, added where they are new. */
  async #chain(blocks: readonly Block[]): Promise<Int32Array> {
    const used = new Map<string, number>();
    const chain: number[] = [];
    for (const block of blocks) {
      const key = blockKey(block);
      const copy = used.get(key) ?? 0;
      used.set(key, copy + 1);
      const copies = this.#copies.get(key) ?? [];
      this.#copies.set(key, copies);
      if (copies[copy] === undefined) copies[copy] = await this.#add(block);
      chain.push(copies[copy]);
    }
    return Int32Array.from(chain);
  }

  async #add(block: Block): Promise<number> {
    if (this.options.runtime === 'singlepath' || block.graph.nodes.length === 0) {
      const description = describeNetwork(chainNetwork([block]));
      return callNative(() => this.#stopwatch.addBlock(description, block.input));
    }
    const bytes = await torchscriptOf([block]);
    return callNative(() => this.#stopwatch.addScript(bytes, block.input));
  }
}
