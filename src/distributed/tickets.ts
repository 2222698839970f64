import { randomBytes } from 'node:crypto';
import { SinglePathError } from '../core/errors.js';
import type { Group } from './group.js';
import { differenceFromFirst } from './identities.js';
import { type SharedStore, throwIfAborted } from './store.js';

/** Milliseconds between signs of life. */
const BEAT_MS = 1000;
/** Results are the same, whoever computes them, so a wrong guess costs time alone. */
const PATIENCE = 10;
const POLL_SECONDS = 0.2;
/** Seconds in which the other ranks may come, and hear that the work is done, before the store ends with rank 0. */
const LINGER = 10;

/** What rank 0 writes of its work: where its keys are, and what has to be equal to take part. */
interface Offer {
  id: string;
  identity: unknown;
}

const OFFER = 'tickets';
const LEFT = 'tickets left';

/** The store of torchrun keeps what an attempt before this one offered: rank 0 takes it back before the others look. */
export async function withdrawOffer(store: SharedStore): Promise<void> {
  await store.set(OFFER, null);
}

export interface ShareOptions {
  signal?: AbortSignal | undefined;
  /** Told how many units are done. */
  onDone?: (done: number) => void;
}

/**
 * Shares work out that consists of units whose results do not depend on who computes them. Ranks take tickets from the store;
 * rank 0 collects the results, and does what a lost rank has left undone. No rank needs to be there from the beginning, or to
 * the end, so there is no group to connect.
 */
export class TicketOffice implements AsyncDisposable {
  #round = 0;
  readonly #beat: Disposable;

  private constructor(
    private readonly store: SharedStore,
    private readonly keys: SharedStore,
    private readonly patience: number,
    private readonly others: number,
  ) {
    this.#beat = beat(keys, 'office');
  }

  /**
   * Opened by rank 0.
   *
   * @param identity what has to be equal on a rank that takes part.
   * @param patience seconds without a sign of life after which a rank's unit is done again by rank 0.
   */
  static async open(
    group: Pick<Group, 'store' | 'worldSize'>,
    identity: unknown,
    patience = PATIENCE,
  ): Promise<TicketOffice> {
    const id = randomBytes(8).toString('hex');
    const keys = group.store.under(`tickets/${id}`);
    const office = new TicketOffice(group.store, keys, patience, group.worldSize - 1);
    await group.store.set(OFFER, { id, identity } satisfies Offer);
    return office;
  }

  /** The results of all units, in their order. */
  async share<Unit, Result>(
    units: readonly Unit[],
    work: (unit: Unit) => Promise<Result>,
    { signal, onDone }: ShareOptions = {},
  ): Promise<Result[]> {
    const round = this.keys.under(String(++this.#round));
    await round.set('units', units);
    await this.keys.set('round', this.#round);
    const results = new Map<number, Result>();
    const store = async (index: number, result: Result) => {
      results.set(index, result);
      onDone?.(results.size);
    };
    for (;;) {
      const ticket = (await round.add('next', 1)) - 1;
      if (ticket >= units.length) break;
      await store(ticket, await work(units[ticket]!));
    }
    const watch = new Watch(this.keys, round, this.patience);
    while (results.size < units.length) {
      throwIfAborted(signal);
      for (const index of units.keys()) {
        if (results.has(index)) continue;
        const found = await round.get<Result>(`result/${index}`);
        if (found !== undefined) await store(index, found);
        else if (await watch.isLost(index)) await store(index, await work(units[index]!));
      }
      await round.poll(async () => undefined, { seconds: POLL_SECONDS, signal });
    }
    return units.map((_, index) => results.get(index)!);
  }

  /** Tells the other ranks that there is no more to do. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#beat[Symbol.dispose]();
    try {
      await this.keys.set('done', true);
      // The store may end with this process: those who are there have to read it before.
      const gone = async () => (await this.store.add(LEFT, 0)) >= this.others || undefined;
      await this.keys.poll(gone, { seconds: LINGER });
    } catch {
      // they notice the end of this process, too
    }
  }
}

/** Which units nobody works on any more. */
class Watch {
  readonly #seen = new Map<string, { count: number; at: number }>();
  readonly #ownerless = new Map<number, number>();

  constructor(
    private readonly keys: SharedStore,
    private readonly round: SharedStore,
    private readonly patience: number,
  ) {}

  async isLost(index: number): Promise<boolean> {
    const owner = await this.round.get<string>(`owner/${index}`);
    const now = performance.now();
    if (owner === undefined) {
      // Lost between its ticket and its name.
      const since = this.#ownerless.get(index) ?? now;
      this.#ownerless.set(index, since);
      return now - since > 1000 * this.patience;
    }
    return !(await this.isAlive(owner));
  }

  async isAlive(name: string): Promise<boolean> {
    const count = await this.keys.add(`beat/${name}`, 0);
    const before = this.#seen.get(name);
    const now = performance.now();
    if (before?.count !== count) this.#seen.set(name, { count, at: now });
    return now - (before?.count === count ? before.at : now) <= 1000 * this.patience;
  }
}

export interface HelpOptions {
  /** What has to be equal here and on rank 0. */
  identity: unknown;
  /** Seconds rank 0 may be silent. */
  timeout: number;
  signal?: AbortSignal | undefined;
}

/**
 * Takes tickets of rank 0 and does their units, until there is no more to do.
 *
 * @returns units done.
 * @throws SinglePathError `RANKS_DIFFER` where this rank would compute other results, `RANK_LOST` where rank 0 is gone.
 */
export async function takeTickets<Unit, Result>(
  group: Pick<Group, 'store' | 'rank'>,
  work: (unit: Unit) => Promise<Result>,
  { identity, timeout, signal }: HelpOptions,
): Promise<number> {
  const name = randomBytes(8).toString('hex');
  let office: { id: string; keys: SharedStore; beat: Disposable } | undefined;
  let heard = performance.now();
  let [count, done] = [-1, 0];
  try {
    for (;;) {
      throwIfAborted(signal);
      const offer = (await group.store.get<Offer | null>(OFFER)) ?? undefined;
      if (offer !== undefined && offer.id !== office?.id) {
        const different = differenceFromFirst(offer.identity, identity, group.rank);
        if (different !== undefined) throw different;
        office?.beat[Symbol.dispose]();
        const keys = group.store.under(`tickets/${offer.id}`);
        office = { id: offer.id, keys, beat: beat(keys, name) };
      }
      if (office !== undefined) {
        const { keys } = office;
        if (await keys.has('done')) {
          await group.store.add(LEFT, 1);
          return done;
        }
        const now = await keys.add('beat/office', 0);
        if (now !== count) [heard, count] = [performance.now(), now];
        if (await takeOne(keys, name, work)) {
          done++;
          continue;
        }
      }
      if (performance.now() - heard > 1000 * timeout) {
        const message = `Expected work from rank 0 within ${timeout} s (distributed.timeout)`;
        throw new SinglePathError('RANK_LOST', message);
      }
      await group.store.poll(async () => undefined, { seconds: POLL_SECONDS, signal });
    }
  } finally {
    office?.beat[Symbol.dispose]();
  }
}

/** @returns whether there was a unit. */
async function takeOne<Unit, Result>(
  keys: SharedStore,
  name: string,
  work: (unit: Unit) => Promise<Result>,
): Promise<boolean> {
  const number = await keys.get<number>('round');
  if (number === undefined) return false;
  const round = keys.under(String(number));
  const units = await round.get<Unit[]>('units');
  if (units === undefined || (await round.add('next', 0)) >= units.length) return false;
  const ticket = (await round.add('next', 1)) - 1;
  if (ticket >= units.length) return false;
  await round.set(`owner/${ticket}`, name);
  await round.set(`result/${ticket}`, await work(units[ticket]!));
  return true;
}

/** Counts on while this process lives. */
function beat(keys: SharedStore, name: string): Disposable {
  const once = () => void keys.add(`beat/${name}`, 1).catch(() => {});
  once();
  const timer = setInterval(once, BEAT_MS);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
