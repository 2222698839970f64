import { randomBytes } from 'node:crypto';
import { SinglePathError } from '../core/errors.js';
import type { Place } from './environment.js';
import type { SharedStore } from './store.js';

/** What rank 0 tells the ranks of one attempt. */
interface Generation {
  id: string;
  /** The word each rank has said, by rank: who finds another one is of another attempt. */
  words: string[];
}

/** Seconds after which rank 0 looks whether a rank has said another word since. */
const ROUND = 0.5;

/**
 * Agrees on the keys of this attempt. The store of torchrun keeps the keys of attempts before this one, and no variable says
 * which attempt it is (TORCHELASTIC_RESTART_COUNT does not count changes of membership), so each rank says a random word,
 * rank 0 answers the words, and all confirm the answer.
 *
 * @returns the store under a prefix of this attempt.
 * @throws SinglePathError `RANK_LOST` where a rank does not come within `seconds`, `ABORTED`.
 */
export async function agreeOnGeneration(
  store: SharedStore,
  { rank, worldSize }: Pick<Place, 'rank' | 'worldSize'>,
  { seconds, signal }: { seconds: number; signal?: AbortSignal | undefined },
): Promise<SharedStore> {
  const own = store.under(`singlepath/${worldSize}`);
  const word = randomBytes(8).toString('hex');
  await own.set(`word/${rank}`, word);
  const end = performance.now() + 1000 * seconds;
  let generation: Generation | undefined;
  let missing: number[] = [];
  let round = 0;
  while (performance.now() < end) {
    if (rank === 0) {
      const words = await Promise.all(ranks(worldSize).map((r) => own.get<string>(`word/${r}`)));
      missing = ranks(worldSize).filter((r) => words[r] === undefined);
      if (missing.length === 0 && words.join() !== generation?.words.join()) {
        generation = { id: `${word}-${round++}`, words: words as string[] };
        await own.set('generation', generation);
      }
    } else {
      const offered = await own.get<Generation>('generation');
      generation = offered?.words[rank] === word ? offered : undefined;
    }
    if (generation !== undefined) {
      const { id } = generation;
      await own.set(`${id}/here/${rank}`, true);
      const begun = await own.poll(
        async () => {
          if (rank > 0) return (await own.has(`${id}/begin`)) || undefined;
          missing = await absent(own, id, worldSize);
          return missing.length === 0 || undefined;
        },
        { seconds: ROUND, signal },
      );
      if (begun) {
        if (rank === 0) await own.set(`${id}/begin`, true);
        return own.under(id);
      }
    } else {
      await own.poll(async () => undefined, { seconds: 0.05, signal });
    }
  }
  throw new SinglePathError(
    'RANK_LOST',
    rank === 0
      ? `Expected ${worldSize} ranks within ${seconds} s but rank ${missing.join(', ')} did not come`
      : `Expected rank 0 to answer within ${seconds} s`,
    { hint: 'are all ranks started, with the same WORLD_SIZE? distributed.connectTimeout sets the time' },
  );
}

async function absent(own: SharedStore, id: string, worldSize: number): Promise<number[]> {
  const here = await Promise.all(ranks(worldSize).map((r) => own.has(`${id}/here/${r}`)));
  return ranks(worldSize).filter((r) => !here[r]);
}

export function ranks(worldSize: number): number[] {
  return Array.from({ length: worldSize }, (_, rank) => rank);
}
