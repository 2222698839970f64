import type { Block } from '../rows.js';
import type { Environment, Precision, RuntimeName } from '../table.js';

/**
 * Something that measures: this machine, a runner command, an agent on another device. The host decides what is measured, in
 * which order and when it is enough; a session runs jobs and reports samples. Everything that crosses is plain data.
 */
export interface Session extends AsyncDisposable {
  readonly abilities: Abilities;
  /** Where it measures, with the clock and load of this moment in `before`. */
  environment(): Promise<Environment>;
  /**
   * Measures the jobs of a plan in order and yields each result as it comes. What goes wrong with one job is that job's
   * status, and the next one runs.
   *
   * @throws SinglePathError `ABORTED` after `signal`; `MEASUREMENT` where the session itself is lost.
   */
  run(plan: Plan, options: { signal?: AbortSignal | undefined }): AsyncIterable<JobResult>;
}

export interface Abilities {
  /** Can time each block of a chain. */
  timers: boolean;
  /** Its samples hold the time of the call itself, which an empty block tells. */
  overhead: boolean;
}

/** How blocks are run: fixed when a session is opened, and part of its environment. */
export interface RunSettings {
  runtime: RuntimeName;
  /** Threads of one operation. */
  threads: number;
  batch: number;
  dtype: Precision;
}

/** The same for a device of its own that computes: this machine, or that of an agent. */
export interface DeviceSettings extends RunSettings {
  /** `cpu`, or a GPU of that machine. */
  device: string;
  kernels: 'fused' | 'aten';
}

/** When the samples of a job are enough. */
export interface StopRule {
  warmUpSeconds: number;
  warmUpCalls: number;
  /** Samples at least. */
  samples: number;
  /** Enough when the confidence interval of the median is within this part of it. */
  tolerance: number;
  maxSeconds: number;
  /** Seconds after which a job that does not answer is given up. */
  timeout: number;
}

/** A chain of blocks to time: one block alone, a random path, a whole network. */
export interface Job {
  seq: number;
  /** Indices into the plan's blocks. A block that comes twice has weights of its own each time. */
  blocks: number[];
  /** Also time each block. */
  timers: boolean;
}

export interface Plan {
  blocks: Block[];
  stop: StopRule;
  jobs: Job[];
}

export interface JobResult {
  seq: number;
  status: 'ok' | 'failed' | 'timeout';
  /** Why it failed. */
  error?: string;
  /** Nanoseconds of each call of the chain without timers. */
  totals: number[];
  /** With timers: per block of the chain, nanoseconds of each further call. */
  blocks?: number[][];
}
