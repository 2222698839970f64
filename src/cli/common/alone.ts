import type { Command } from 'commander';
import { SinglePathError } from '../../core/errors.js';
import { placeOf } from '../../distributed/environment.js';

/** Commands that write a folder, and do not know other processes. */
const ALONE = ['demo', 'run', 'export'];

/** @throws SinglePathError `INVALID_CONFIG` where several processes would write the same folder. */
export function refuseRanks(command: Command): void {
  if (!ALONE.includes(command.name())) return;
  const place = placeOf();
  if (place === undefined) return;
  throw new SinglePathError(
    'INVALID_CONFIG',
    `Expected one process for singlepath ${command.name()} but WORLD_SIZE is ${place.worldSize}`,
    { hint: 'train, retrain, search and rank work with several; start this one without a launcher' },
  );
}

/** Whether this process is one of several. */
export function isShared(): boolean {
  try {
    return placeOf() !== undefined;
  } catch {
    return false; // the command has said what is wrong
  }
}
