import { availableParallelism } from 'node:os';
import { addon } from '../runtime/addon.js';
import type { Place } from './environment.js';

/**
 * Shares the cores of this machine out among its ranks. torchrun sets OMP_NUM_THREADS=1 where nothing is set, which a
 * user cannot have meant; what he set himself is only known to be his under other launchers. Call it before anything is
 * computed.
 *
 * @returns what there is to tell, if anything.
 */
export function shareCores(place: Place): string | undefined {
  const set = process.env.OMP_NUM_THREADS;
  if (!chooses(place, set)) return undefined;
  // libgomp reads the variable when the addon is loaded.
  process.env.OMP_NUM_THREADS = String(availableParallelism());
  const { threads, notice } = threadsOf(place, set, addon().threads());
  addon().setThreads(threads);
  return notice;
}

/** Threads of a rank where `cores` may be used, and OMP_NUM_THREADS was `set` by a launcher or by nobody. */
export function threadsOf(
  { localWorldSize }: Pick<Place, 'localWorldSize'>,
  set: string | undefined,
  cores: number,
): { threads: number; notice?: string } {
  const threads = Math.max(1, Math.floor(cores / localWorldSize));
  if (set === undefined || String(threads) === set) return { threads };
  const notice =
    `${threads} threads a rank (${cores} cores / ${localWorldSize} ranks) instead of the OMP_NUM_THREADS=${set} of torchrun; ` +
    'runtime.threads sets another number';
  return { threads, notice };
}

/** Whether nobody who knows better has chosen. */
export function chooses(
  { launcher, localWorldSize }: Pick<Place, 'launcher' | 'localWorldSize'>,
  set: string | undefined,
): boolean {
  return set === undefined || (launcher === 'torchrun' && set === '1' && localWorldSize > 1);
}
