import { setTimeout as sleep } from 'node:timers/promises';
import { type DistributedConfig, distributedSchema } from '../config/schema/distributed.js';
import { SinglePathError } from '../core/errors.js';
import { addon } from '../runtime/addon.js';
import { callNative } from '../runtime/call.js';
import type { NativeGroup } from '../runtime/native.js';
import type { Place } from './environment.js';
import { agreeOnGeneration, ranks } from './handshake.js';
import { differencesOf } from './identities.js';
import { tellLauncher, watchLauncher } from './launcher.js';
import type { SharedStore } from './store.js';

/** Seconds in which the other ranks are asked who is gone. */
const ASK = 1.5;
/** Seconds in which the other ranks have to be there to hear that this one failed before it had met them. */
const TELL = 10;

/** Of a machine without a network. */
const LOOPBACK = '127.0.0.1';

/** Why a rank has ended, as the others read it. */
interface Failure {
  rank: number;
  message: string;
}

/** Runs what all ranks do together; where it fails here, or on another rank, all are told. */
export async function inGroup<T>(group: Group, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw await group.fail(error);
  }
}

/**
 * The processes that work together. Each has a number, its rank; rank 0 writes files. What a rank does that concerns all is
 * done by all in the same order: nothing here is sent to a single rank.
 */
export class Group implements Disposable {
  /** Steps done, for messages. */
  step = 0;
  #native: NativeGroup | undefined;
  #keys: SharedStore | undefined;
  /** Whether the keys are those of what is about to begin. */
  #met = false;
  #over = false;
  #orphaned = false;
  readonly #watch: Disposable | undefined;

  /** @internal Use joinGroup(). */
  constructor(
    readonly place: Pick<Place, 'rank' | 'worldSize' | 'localRank' | 'restarts'> & Partial<Place>,
    private readonly config: DistributedConfig,
    private readonly storeOrNone: SharedStore | undefined,
    private readonly signal?: AbortSignal | undefined,
  ) {
    if (storeOrNone !== undefined) {
      this.#watch = watchLauncher(() => {
        this.#orphaned = true;
        this.#native?.abort();
      });
    }
  }

  /** A group of this process alone. */
  static alone(): Group {
    const place = { rank: 0, worldSize: 1, localRank: 0, restarts: 0 };
    return new Group(place, distributedSchema.parse({}), undefined);
  }

  get rank(): number {
    return this.place.rank;
  }

  get worldSize(): number {
    return this.place.worldSize;
  }

  /** For the native step; null in a group of one. */
  get native(): NativeGroup | null {
    return this.#native ?? null;
  }

  /** The keys all ranks see. */
  get store(): SharedStore {
    if (this.storeOrNone === undefined) throw new Error('a group of one has no store');
    return this.storeOrNone;
  }

  /**
   * What rank 0 has, on all ranks, before they are connected: plain data. That of the others is ignored.
   *
   * @throws SinglePathError `RANK_LOST`.
   */
  async fromFirst<T>(name: string, own: T): Promise<T> {
    if (this.worldSize === 1) return own;
    const keys = await this.#meet();
    if (this.rank > 0) return await this.#from<T>(0, name);
    await keys.set(`${name}/0`, own);
    return own;
  }

  /**
   * Connects the ranks, and makes sure that they are about to do the same.
   *
   * @param identity what has to be equal, as plain data.
   * @throws SinglePathError `RANKS_DIFFER` with what differs, `RANK_LOST`.
   */
  async connect(identity: unknown): Promise<void> {
    if (this.worldSize === 1) return;
    const { rank, worldSize, config } = this;
    const keys = await this.#meet();
    this.#met = false;
    await keys.set(`identity/${rank}`, identity);
    const address = callNative(() => addon().addressTowards(this.place.host!) || LOOPBACK);
    await keys.set(`address/${rank}`, address);
    const identities = await Promise.all(ranks(worldSize).map((r) => this.#from<unknown>(r, 'identity')));
    const addresses = await Promise.all(ranks(worldSize).map((r) => this.#from<string>(r, 'address')));
    const different = differencesOf(identities);
    if (different !== undefined) throw different;
    const native = callNative(
      () =>
        new (addon().Group)(this.store.native, {
          prefix: keys.key('gloo'),
          address: reachable(address, addresses),
          interface: process.env.GLOO_SOCKET_IFNAME ?? '',
          rank,
          worldSize,
          connectTimeoutMs: Math.ceil(config.connectTimeout * 1000),
          timeoutMs: Math.ceil(config.timeout * 1000),
        }),
    );
    this.#native = native;
    await callNative(() => native.connect());
    await this.barrier('connected');
  }

  /** Waits until all ranks are here. */
  async barrier(name: string): Promise<void> {
    const native = this.#native;
    if (native !== undefined) await callNative(() => native.exchange(name, this.step, false));
  }

  /** The bytes of rank 0, on all ranks; the others' argument is ignored. */
  async broadcast(name: string, bytes: Uint8Array): Promise<Uint8Array> {
    const native = this.#native;
    if (native === undefined) return bytes;
    const size = new BigUint64Array([BigInt(bytes.byteLength)]);
    await this.barrier(`size of ${name}`);
    const told = await callNative(() => native.broadcast(new Uint8Array(size.buffer)));
    const length = Number(new DataView(told.buffer, told.byteOffset).getBigUint64(0, true));
    await this.barrier(`${name} of ${length} bytes`);
    const own = this.rank === 0 ? bytes : new Uint8Array(length);
    return await callNative(() => native.broadcast(own));
  }

  /**
   * Tells the others that this rank ends with an error, or finds out which rank it was that ended.
   *
   * @returns the error to throw: where another rank was lost, one that names it, this rank and the step.
   */
  async fail(error: unknown): Promise<unknown> {
    if (this.worldSize === 1 || this.#over) return error;
    this.#over = true;
    const lost = error instanceof SinglePathError && error.code === 'RANK_LOST';
    const own = lost ? await this.#explain(error) : error;
    if (!lost) await this.#tell(error);
    this.#native?.abort();
    const message = own instanceof Error ? own.message : String(own);
    tellLauncher(lost ? message : `${this.#here}: ${message}`);
    return own;
  }

  /** Ends the connections. The other ranks must be done with this one: see {@link barrier}. */
  [Symbol.dispose](): void {
    this.#over = true;
    this.#watch?.[Symbol.dispose]();
    this.#native?.dispose();
    this.storeOrNone?.[Symbol.dispose]();
  }

  /** The keys of what the ranks do next, once all are there. */
  async #meet(): Promise<SharedStore> {
    const settings = { seconds: this.config.connectTimeout, signal: this.signal };
    if (!this.#met) this.#keys = await agreeOnGeneration(this.store, this.place, settings);
    this.#met = true;
    return this.#keys!;
  }

  get #servesStore(): boolean {
    return this.rank === 0 && !this.place.storeOutlives;
  }

  get #here(): string {
    return `rank ${this.rank} of ${this.worldSize}, step ${this.step + 1}`;
  }

  /** What a rank has put under a name; its failure, or that it does not come, is thrown. */
  async #from<T>(rank: number, name: string): Promise<T> {
    const keys = this.#keys!;
    const { timeout } = this.config;
    const found = await keys.poll(
      async () => {
        // A rank that has found a difference has failed, too: the others are to find it themselves.
        const value = await keys.get<T>(`${name}/${rank}`);
        if (value !== undefined) return value;
        const failure = await keys.get<Failure>('failure');
        if (failure !== undefined) throw new SinglePathError('RANK_LOST', `Rank ${failure.rank} failed`);
        return undefined;
      },
      { seconds: timeout, signal: this.signal },
    );
    if (found !== undefined) return found;
    const message = `Expected rank ${rank} to be ready within ${timeout} s (distributed.timeout)`;
    throw new SinglePathError('RANK_LOST', message);
  }

  /** The reason goes into the store, then the others hear of it in what they exchange next. */
  async #tell(error: unknown): Promise<void> {
    const message = error instanceof Error ? error.message : String(error);
    const native = this.#native;
    try {
      // Before the ranks are connected, they first have to know that this rank is of their attempt.
      const settings = { seconds: Math.min(TELL, this.config.connectTimeout), signal: this.signal };
      this.#keys ??= await agreeOnGeneration(this.store, this.place, settings);
      const failure: Failure = { rank: this.rank, message };
      const told = [this.#keys.set('failure', failure), this.#keys.set(`alive/${this.rank}`, true)];
      await Promise.race([Promise.all(told), sleep(1000)]);
      const heard = native?.exchange('failure', this.step, true).catch(() => {}); // connections that are broken tell, too
      if (heard !== undefined) await Promise.race([heard, sleep(1000)]);
      // Where this rank serves the store, the others need the time to read it.
      if (heard === undefined || this.#servesStore) await this.#whoIsGone();
    } catch {
      // the connections are closed in any case, which tells them, too
    }
  }

  async #explain(error: SinglePathError): Promise<SinglePathError> {
    const details = {
      hint: error.hint ?? 'start all ranks again with --resume: the last checkpoint stands',
      cause: error,
    };
    if (this.#orphaned) {
      return new SinglePathError('RANK_LOST', `${this.#here}: the launcher (torchrun) is gone`, details);
    }
    let who = '';
    try {
      who = await this.#whoIsGone();
    } catch {
      // the store is gone with its server
      who = this.place.storeOutlives ? '' : 'rank 0 is gone; ';
    }
    return new SinglePathError('RANK_LOST', `${this.#here}: ${who}${error.message}`, details);
  }

  /** Ranks that are alive say so once the connections are broken; who does not is gone, or stopped. */
  async #whoIsGone(): Promise<string> {
    const keys = this.#keys;
    if (keys === undefined) return '';
    const others = ranks(this.worldSize).filter((rank) => rank !== this.rank);
    // Who serves the store leaves last: ranks that heard of the loss a little later still ask.
    const seconds = this.#servesStore ? ASK + 1 : ASK;
    let silent = others;
    const found = keys
      .poll(
        async () => {
          const failure = await keys.get<Failure>('failure');
          await keys.set(`alive/${this.rank}`, true); // says as well that this rank has read it
          if (failure !== undefined && failure.rank !== this.rank)
            return `rank ${failure.rank} failed (${failure.message}); `;
          const alive = await Promise.all(others.map((rank) => keys.has(`alive/${rank}`)));
          silent = others.filter((_, index) => !alive[index]);
          return silent.length === 0 ? '' : undefined;
        },
        { seconds },
      )
      .catch((error) => {
        if (silent.includes(0)) throw error;
        return undefined; // rank 0 was alive, and has left since because it knew enough
      });
    // The store may hang with the machine that serves it.
    const answer = await Promise.race([found, sleep(1000 * (seconds + 1), 'stuck' as const)]);
    if (answer === 'stuck') throw new Error(answer);
    return answer ?? `rank ${silent.join(', ')} is gone or stopped; `;
  }
}

/**
 * The address under which others reach this rank. Where MASTER_ADDR is a name that is 127.0.1.1 on its own machine (Debian's
 * /etc/hosts), the route to a rank of another machine tells.
 */
function reachable(own: string, all: readonly string[]): string {
  const local = (address: string) => address.startsWith('127.') || address === '::1';
  if (!local(own)) return own;
  const other = all.find((address) => !local(address));
  return other === undefined ? own : callNative(() => addon().addressTowards(other));
}
