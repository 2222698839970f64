import type { Command } from 'commander';
import { SinglePathError } from '../../core/errors.js';
import { placeOf } from '../../distributed/environment.js';

/** Commands that write a folder or a large file, and do not know other processes. */
const ALONE = ['demo', 'run', 'export', 'data pack', 'latency export'];

/** @throws SinglePathError `INVALID_CONFIG` where several processes would write the same folder. */
export function refuseRanks(command: Command): void {
  const name = nameOf(command);
  if (!ALONE.includes(name)) return;
  const place = placeOf();
  if (place === undefined) return;
  throw new SinglePathError(
    'INVALID_CONFIG',
    `Expected one process for singlepath ${name} but WORLD_SIZE is ${place.worldSize}`,
    { hint: 'train, retrain, search and rank work with several; start this one without a launcher' },
  );
}

/** As it is typed behind `singlepath`: `data pack`. */
function nameOf(command: Command): string {
  const { parent } = command;
  return parent?.parent ? `${nameOf(parent)} ${command.name()}` : command.name();
}

/** Whether this process is one of several. */
export function isShared(): boolean {
  try {
    return placeOf() !== undefined;
  } catch {
    return false; // the command has said what is wrong
  }
}
