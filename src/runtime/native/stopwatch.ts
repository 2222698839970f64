import type { Shape } from '../../graph/node/types.js';
import type { NativeCancel } from './cancel.js';
import type { NetworkDescription } from './network.js';

/** What blocks to time run with. */
export interface StopwatchOptions {
  /** `cpu` or `cuda:N`. */
  device: string;
  kernels: 'fused' | 'aten';
  precision: 'fp32' | 'bf16';
  batch: number;
}

export interface TimingOptions {
  /** At most so many calls; at least one is made. */
  calls: number;
  /** No call starts after so many seconds. */
  seconds: number;
  /** Runs of the chain in one sample. */
  inner: number;
  /** Also time each block. */
  timers: boolean;
}

/** Blocks as they are deployed, and the time of chains of them. */
export interface NativeStopwatch {
  /** A network of one layer without genes; BatchNorm is folded. Resolves to the number of the block. */
  addBlock(description: NetworkDescription, input: Shape): Promise<number>;
  /** The bytes of a TorchScript file, which is frozen. */
  addScript(bytes: Uint8Array, input: Shape): Promise<number>;
  /**
   * What a block of `addBlock` computes on the input it is timed with, and what it has to: op by op, in fp32, nothing
   * folded. Values in the order [N, C, H, W].
   */
  outputs(block: number): Promise<{ deployed: Float32Array; reference: Float32Array }>;
  /** Nanoseconds: of each call, and with timers of each block of each call ([calls, blocks]). */
  time(
    chain: Int32Array,
    options: TimingOptions,
    cancel: NativeCancel,
  ): Promise<{ totals: Float64Array; blocks: Float64Array }>;
  dispose(): void;
}
