import { setTimeout as sleep } from 'node:timers/promises';
import { SinglePathError } from '../core/errors.js';
import { addon } from '../runtime/addon.js';
import { callNative } from '../runtime/call.js';
import type { NativeStore } from '../runtime/native.js';

export interface StoreOptions {
  place: StorePlace;
  worldSize: number;
  /** Seconds to find the server. */
  connect: number;
  /** Seconds for an answer. */
  timeout: number;
}

/** Where the store is: at a server, which may be this process, or in a file that all ranks see. The file of `server` has to be new. */
export type StorePlace = ({ host: string; port: number } | { file: string }) & { server: boolean };

/** How often waiting ranks look, in milliseconds: at first, and at last. */
const POLL = { first: 2, last: 100 };

/**
 * Keys and values over which ranks find each other and share out work. c10d has no time limit for a call that is on its way
 * when the server's host vanishes, so each has one here.
 */
export class SharedStore implements Disposable {
  private constructor(
    readonly native: NativeStore,
    private readonly timeout: number,
    private readonly prefix = '',
  ) {}

  /**
   * @throws SinglePathError `RANK_LOST` where the server is not found, the port is taken, or the file cannot be written,
   *   `INVALID_CONFIG` for a file that another run has used.
   */
  static async open({ place, worldSize, connect, timeout }: StoreOptions): Promise<SharedStore> {
    const source = { file: '', host: '', port: 0, ...place };
    const native = callNative(
      () => new (addon().Store)({ ...source, worldSize, timeoutMs: Math.ceil(connect * 1000) }),
    );
    const store = new SharedStore(native, timeout);
    try {
      // c10d tries twice, each time as long as it was told.
      await limited(
        native.open(),
        3 * connect + 5,
        `open ${'file' in place ? place.file : `at ${place.host}:${place.port}`}`,
      );
      return store;
    } catch (error) {
      native.dispose();
      throw error;
    }
  }

  /** The same store, whose keys begin with `prefix`. */
  under(prefix: string): SharedStore {
    return new SharedStore(this.native, this.timeout, `${this.prefix}${prefix}/`);
  }

  key(name: string): string {
    return `${this.prefix}${name}`;
  }

  async set(key: string, value: unknown): Promise<void> {
    await limited(this.native.set(this.key(key), JSON.stringify(value)), this.timeout);
  }

  /** Undefined where there is no such key yet. */
  async get<T>(key: string): Promise<T | undefined> {
    if (!(await this.has(key))) return undefined;
    return JSON.parse(await limited(this.native.get(this.key(key)), this.timeout)) as T;
  }

  async has(key: string): Promise<boolean> {
    return await limited(this.native.check(this.key(key)), this.timeout);
  }

  /** Adds to a counter. @returns what it is then. */
  async add(key: string, amount: number): Promise<number> {
    return await limited(this.native.add(this.key(key), amount), this.timeout);
  }

  /**
   * Waits until `look` finds something.
   *
   * @returns undefined after `seconds`.
   */
  async poll<T>(
    look: () => Promise<T | undefined>,
    { seconds, signal }: { seconds: number; signal?: AbortSignal | undefined },
  ): Promise<T | undefined> {
    const end = performance.now() + 1000 * seconds;
    for (let pause = POLL.first; ; pause = Math.min(1.5 * pause, POLL.last)) {
      const found = await look();
      if (found !== undefined) return found;
      throwIfAborted(signal);
      if (performance.now() >= end) return undefined;
      await sleep(pause);
    }
  }

  /** Also frees a call that is stuck. */
  [Symbol.dispose](): void {
    this.native.dispose();
  }
}

/** @throws SinglePathError `ABORTED` */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  throw new SinglePathError('ABORTED', 'Stopped while waiting for other processes', {
    cause: signal.reason,
  });
}

/** @throws SinglePathError `RANK_LOST` after `seconds`. */
async function limited<T>(call: Promise<T>, seconds: number, what = 'answer'): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const message = `Expected the store of the group to ${what} within ${seconds} s`;
      reject(new SinglePathError('RANK_LOST', message, { hint: 'is the machine that serves it reachable?' }));
    }, seconds * 1000);
  });
  try {
    return await Promise.race([callNative(() => call), late]);
  } finally {
    clearTimeout(timer);
  }
}
