import type { Config } from '../../config/schema/config.js';
import type { SinglePathError } from '../../core/errors.js';
import { readBytes } from '../../core/files.js';
import { parseAddress } from '../../latency/agent/address.js';
import type { AgentConnection } from '../../latency/agent/agentSession.js';
import { readToken } from '../../latency/agent/token.js';
import type { DeviceSettings, Session } from '../../latency/device/session.js';
import { kernelsOf } from '../../latency/environment.js';
import type { Environment } from '../../latency/table.js';
import { sessionLike } from './tableDevice.js';

/** How agents are reached. */
export interface AgentAccess {
  /** File with the token; absent: the environment has it. */
  tokenFile?: string | undefined;
  /** PEM file of who signed an agent's certificate. */
  tlsCa?: string | undefined;
  insecurePlaintext?: boolean | undefined;
}

/** A session on the device where `singlepath agent` listens at `host:port`. @throws SinglePathError what AgentSession.open and readToken throw, `IO`. */
export async function openAgent(
  address: string,
  access: AgentAccess,
  settings: DeviceSettings,
): Promise<Session> {
  const { tokenFile, tlsCa, insecurePlaintext } = access;
  const connection: AgentConnection = {
    address: parseAddress(address, '--agent'),
    token: readToken(tokenFile),
    ca: tlsCa === undefined ? undefined : readBytes(tlsCa),
    insecurePlaintext,
  };
  // gRPC is only loaded where it is used.
  const { AgentSession } = await import('../../latency/agent/agentSession.js');
  return await AgentSession.open(connection, settings);
}

/**
 * Finds the device of a table among several agents, for {@link ConfirmControl}: the first whose environment is that of
 * the table.
 */
export function agentDevices(
  addresses: readonly string[],
  access: AgentAccess,
  { runtime: { device } }: Pick<Config, 'runtime'>,
  onNote?: (text: string) => void,
): (environment: Environment) => Promise<Session | undefined> {
  return async (environment) => {
    const { runtime, threads, batch, dtype } = environment;
    if (runtime === 'runner' || runtime === 'imported') return undefined;
    const kernels = kernelsOf(environment);
    for (const address of addresses) {
      const { session, differs } = await sessionLike(environment, device, (tried) => {
        const settings = { runtime, threads, batch, dtype, kernels, device: tried };
        return openAgent(address, access, settings).catch((error: SinglePathError) => {
          // The agent's machine may have no GPU.
          if (tried === 'cpu' || error.code !== 'DEVICE_UNAVAILABLE') throw error;
          return undefined;
        });
      });
      if (session !== undefined) return session;
      onNote?.(`the agent at ${address} is not the device of the table (${differs.join('; ')})`);
    }
    return undefined;
  };
}
