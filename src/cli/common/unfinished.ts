import type { StoredRun } from '../../pipeline/runs/runs.js';
import { holdsResult } from '../../run/header.js';
import type { Session } from './session.js';

/** Says where weights are those of a training on its way: it may go on, or have been stopped long ago and forgotten. */
export function warnUnfinished({ log }: Session, { path }: StoredRun): void {
  if (holdsResult(path)) return;
  log.warn(`the training in '${path}' is not finished: these are the weights of its last checkpoint`);
}
