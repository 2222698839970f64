import { writeSync } from 'node:fs';
import { SinglePathError } from '../../src/core/errors.js';
import { RandomStream } from '../../src/core/rng.js';
import { mutate } from './mutate.js';
import { type FuzzTarget, NoInput } from './targets.js';

export interface FuzzCounts {
  read: number;
  refused: number;
}

export interface CampaignOptions {
  count: number;
  seed?: number;
  /** Number of the first input. */
  first?: number;
  /** Names each input before it is read: a crash leaves no time for it. */
  verbose?: boolean;
}

/**
 * Damages the target's valid inputs and reads them: input `number` is a function of (seed, number), so a fault names all
 * it takes to repeat it.
 *
 * @throws Error naming the input where one was neither read nor refused with a coded error.
 */
export async function campaign(
  name: string,
  target: FuzzTarget,
  { count, seed = 0, first = 0, verbose = false }: CampaignOptions,
): Promise<FuzzCounts> {
  const counts: FuzzCounts = { read: 0, refused: 0 };
  const seeds = target.seeds();
  for (const input of seeds) await target.run(input); // undamaged
  for (let number = first; number < first + count; number++) {
    const input = mutate(seeds, new RandomStream(seed, 'test', number));
    if (verbose) writeSync(2, `${name}: input ${number} of seed ${seed}\n`);
    try {
      await target.run(input);
      counts.read++;
    } catch (error) {
      if (error instanceof NoInput) continue;
      if (!isCoded(error)) {
        const shown = JSON.stringify(input.toString('latin1').slice(0, 2000));
        throw new Error(`${name}: input ${number} of seed ${seed} is neither read nor refused: ${shown}`, {
          cause: error,
        });
      }
      counts.refused++;
    }
  }
  return counts;
}

/** SinglePathError, or what the addon throws before callNative makes one of it. */
function isCoded(error: unknown): boolean {
  if (error instanceof SinglePathError) return true;
  const { code } = error as { code?: unknown };
  return (
    error instanceof Error && typeof code === 'string' && /^[A-Z_]+$/.test(code) && !code.startsWith('ERR_')
  );
}
