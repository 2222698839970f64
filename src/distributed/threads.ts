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
export function shareCores({ launcher, localWorldSize }: Place): string | undefined {
  const set = process.env.OMP_NUM_THREADS;
  const byTorchrun = launcher === 'torchrun' && set === '1' && localWorldSize > 1;
  if (set !== undefined && !byTorchrun) return undefined;
  // libgomp reads the variable when the addon is loaded.
  process.env.OMP_NUM_THREADS = String(availableParallelism());
  const cores = addon().threads();
  const threads = Math.max(1, Math.floor(cores / localWorldSize));
  addon().setThreads(threads);
  if (!byTorchrun || threads === 1) return undefined;
  return (
    `${threads} threads a rank (${cores} cores / ${localWorldSize} ranks) instead of the OMP_NUM_THREADS=1 of torchrun; ` +
    'runtime.threads sets another number'
  );
}
