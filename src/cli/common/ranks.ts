import type { Config } from '../../config/schema/config.js';
import type { SinglePathError } from '../../core/errors.js';
import type { Group } from '../../distributed/group.js';
import { joinGroup } from '../../distributed/join.js';
import { helpScore } from '../../pipeline/search/openScorer.js';
import type { Session } from './session.js';

/** Runs a work as one of the processes that a launcher has started together, or alone. */
export async function together<T>(
  config: Config,
  session: Session,
  signal: AbortSignal,
  work: (shared: { group: Group; onNotice: (message: string) => void; signal: AbortSignal }) => Promise<T>,
): Promise<T> {
  const onNotice = (message: string) => session.log.info(message);
  using group = await joinGroup({ ...config.distributed, signal, onNotice });
  return await work({ group, onNotice, signal });
}

/** What a rank above 0 does while rank 0 searches or ranks. */
export async function help(
  config: Config,
  supernet: string,
  { log }: Session,
  options: { group: Group; signal: AbortSignal; onSkipped: (error: SinglePathError) => void },
): Promise<void> {
  const units = await helpScore(config, { ...options, supernet });
  log.info(`scored ${units} parts of populations for rank 0`);
}
