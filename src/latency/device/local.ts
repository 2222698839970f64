import { runtimeSchema } from '../../config/schema/runtime.js';
import { checkArguments } from '../../core/check.js';
import { addon } from '../../runtime/addon.js';
import { callNative, cancellation } from '../../runtime/call.js';
import type { NativeStopwatch } from '../../runtime/native.js';
import { describeNetwork } from '../../supernet/description.js';
import { type Block, blockKey } from '../rows.js';
import type { Environment } from '../table.js';
import { machineEnvironment } from './machine.js';
import { chainNetwork } from './network.js';
import { torchscriptOf } from './networkFiles.js';
import { eachJob, type MeasureJob, sample } from './sampling.js';
import type { JobResult, Plan, RunSettings, Session } from './session.js';

const DEFAULTS = runtimeSchema.parse({});

export interface LocalOptions extends RunSettings {
  runtime: 'singlepath' | 'torchscript';
  kernels?: 'fused' | 'aten';
  device?: string;
}

/** Measures in this process, on the engine's thread; on a GPU with events of its own clock. */
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
    checkArguments('LocalSession', { options });
    const { threads, batch, dtype, kernels = DEFAULTS.kernels, device = DEFAULTS.device } = options;
    this.#threadsBefore = addon().threads();
    callNative(() => addon().setThreads(threads));
    this.#stopwatch = callNative(() => new (addon().Stopwatch)({ device, kernels, precision: dtype, batch }));
  }

  async environment(): Promise<Environment> {
    return machineEnvironment(this.options, this.options.device);
  }

  run(plan: Plan, { signal }: { signal?: AbortSignal | undefined }): AsyncIterable<JobResult> {
    return eachJob(plan, signal, this.#measure);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopwatch.dispose();
    addon().setThreads(this.#threadsBefore);
  }

  readonly #measure: MeasureJob = async (job, blocks, stop, signal) => {
    const chain = await this.#chain(blocks);
    // A block that has run before only needs its caches filled again.
    const cold = chain.some((copy) => !this.#warm.has(copy));
    for (const copy of chain) this.#warm.add(copy);
    return sample(job, stop, cold, async (options) => {
      using token = cancellation(signal);
      return await callNative(() => this.#stopwatch.time(chain, options, token.native));
    });
  };

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
