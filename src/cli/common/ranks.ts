import type { Config } from '../../config/schema/config.js';
import { type Group, joinGroup } from '../../distributed/group.js';
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
