export interface GroupOptions {
  /** Of its keys in the store: no two groups may share one. */
  prefix: string;
  /** Under which this rank is reached. */
  address: string;
  /** Of the network, instead of the address; '' for none. */
  interface: string;
  rank: number;
  worldSize: number;
  /** In which all have to be connected. */
  connectTimeoutMs: number;
  /** Of one operation. */
  timeoutMs: number;
}

/**
 * Ranks that compute together. What goes wrong with the connections rejects with `RANK_LOST` and ends them all; a group is
 * not repaired.
 */
export interface NativeGroup {
  connect(): Promise<void>;
  /**
   * Waits for all ranks, which must be about to do the same: else it rejects with `RANKS_DIFFER`.
   *
   * @param failed this rank cannot go on: the others' exchange rejects with `RANK_LOST`.
   */
  exchange(name: string, step: number, failed: boolean): Promise<void>;
  /** The bytes of rank 0; of equal length on all ranks, or the process ends: exchange() first. */
  broadcast(bytes: Uint8Array): Promise<Uint8Array>;
  /** Closes the connections: what is pending rejects with `RANK_LOST`, here and on the other ranks. */
  abort(): void;
  dispose(): void;
}

/** How one step is shared with other processes: native/train/data_parallel.h. */
export interface ParallelStep {
  /** Null: this process is alone. */
  group: NativeGroup | null;
  /** Parts of the global batch, of all ranks together. */
  shards: number;
  /** Add shards up as a tree: the same result for any number of ranks. */
  tree: boolean;
  step: number;
  /** This rank was asked to stop: all ranks finish the step. */
  stop: boolean;
}
