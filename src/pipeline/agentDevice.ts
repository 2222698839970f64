import { readFileSync } from 'node:fs';
import type { Config } from '../config/schema/config.js';
import type { SinglePathError } from '../core/errors.js';
import { ioError } from '../core/files.js';
import { parseAddress } from '../latency/agent/address.js';
import type { AgentConnection } from '../latency/agent/agentSession.js';
import type { AgentSettings } from '../latency/agent/protocol.js';
import { readToken } from '../latency/agent/token.js';
import type { Session } from '../latency/device/session.js';
import { differsFrom } from '../latency/environment.js';
import type { Environment } from '../latency/table.js';

/** How agents are reached. */
export interface AgentOptions {
  /** File with the token; absent: the environment has it. */
  tokenFile?: string | undefined;
  /** PEM file of who signed an agent's certificate. */
  tlsCa?: string | undefined;
  insecurePlaintext?: boolean | undefined;
}

/** A session on the device where `singlepath agent` listens at `host:port`. @throws SinglePathError what AgentSession.open and readToken throw, `IO`. */
export async function openAgent(
  address: string,
  options: AgentOptions,
  settings: AgentSettings,
): Promise<Session> {
  const { tokenFile, tlsCa, insecurePlaintext } = options;
  const connection: AgentConnection = {
    address: parseAddress(address, '--agent'),
    token: readToken(tokenFile),
    ca: tlsCa === undefined ? undefined : readFile(tlsCa),
    insecurePlaintext,
  };
  // gRPC is only loaded where it is used.
  const { AgentSession } = await import('../latency/agent/agentSession.js');
  return await AgentSession.open(connection, settings);
}

/**
 * Finds the device of a table among several agents, for {@link ConfirmControl}: the first whose environment is that of
 * the table.
 */
export function agentDevices(
  addresses: readonly string[],
  options: AgentOptions,
  { runtime: { device, kernels } }: Pick<Config, 'runtime'>,
  onNote?: (text: string) => void,
): (environment: Environment) => Promise<Session | undefined> {
  return async (environment) => {
    const { runtime, threads, batch, dtype } = environment;
    if (runtime === 'runner' || runtime === 'imported') return undefined;
    for (const address of addresses) {
      let differs: string[] = [];
      for (const place of placesOf(device)) {
        const settings = { runtime, threads, batch, dtype, kernels, device: place };
        const session = await openAgent(address, options, settings).catch((error: SinglePathError) => {
          // The agent's machine may have no GPU.
          if (place === 'cpu' || error.code !== 'DEVICE_UNAVAILABLE') throw error;
        });
        if (session === undefined) continue;
        differs = await differsFrom(environment, session);
        if (differs.length === 0) return session;
        await session[Symbol.asyncDispose]();
      }
      onNote?.(`the agent at ${address} is not the device of the table (${differs.join('; ')})`);
    }
    return undefined;
  };
}

/** Where a table may have been measured: on the processor, or on what else the configuration computes with. */
export function placesOf(device: string): string[] {
  return [...new Set(['cpu', device])];
}

export function readFile(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw ioError('read', path, error);
  }
}
