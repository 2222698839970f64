import type { Session } from '../../latency/device/session.js';
import { differsFrom } from '../../latency/environment.js';
import type { Environment } from '../../latency/table.js';

/**
 * A session where a table was measured: on the processor of a machine, or on what else the configuration computes with.
 *
 * @param open a session on `cpu` or on `device`; undefined where the machine has no such device.
 * @returns the session, or how the last device that was tried differs, one line each.
 */
export async function sessionLike(
  environment: Environment,
  device: string,
  open: (device: string) => Promise<Session | undefined>,
): Promise<{ session: Session | undefined; differs: string[] }> {
  let differs: string[] = [];
  for (const tried of new Set(['cpu', device])) {
    const session = await open(tried);
    if (session === undefined) continue;
    differs = await differsFrom(environment, session);
    if (differs.length === 0) return { session, differs };
    await session[Symbol.asyncDispose]();
  }
  return { session: undefined, differs };
}
