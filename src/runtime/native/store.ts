export interface StoreSource {
  /** Which all ranks see; '' for a server, at: */
  file: string;
  host: string;
  port: number;
  /** This process serves it; of a file: expects that no run has used it. */
  server: boolean;
  worldSize: number;
  /** To find the server. */
  timeoutMs: number;
}

/**
 * c10d's TCPStore or FileStore. Calls run in order on a thread of their own; a call that is stuck is left behind by dispose(), and its
 * promise never settles.
 */
export interface NativeStore {
  /** Rejects, as all that follow, with `RANK_LOST` where the server is not found, `INVALID_CONFIG` for a used file. */
  open(): Promise<void>;
  set(key: string, value: string): Promise<void>;
  /** Waits for the key, and blocks other calls meanwhile: ask check() first. */
  get(key: string): Promise<string>;
  /** Adds to a counter; resolves to what it is then. */
  add(key: string, amount: number): Promise<number>;
  check(key: string): Promise<boolean>;
  dispose(): void;
}
