import { readFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { Agent } from '../../src/latency/agent/agent.js';
import { AgentSession } from '../../src/latency/agent/agentSession.js';
import type { DeviceSettings, Job, JobResult, Session } from '../../src/latency/device/session.js';
import { spaceRows } from '../../src/latency/rows.js';
import { getSpace } from '../../src/space/spaces/catalog.js';

export const TOKEN = 'a token that is long enough'.replaceAll(' ', '-');
export const LISTEN = { host: '127.0.0.1', port: 0 };
export const SETTINGS = {
  runtime: 'singlepath',
  threads: 1,
  batch: 1,
  dtype: 'fp32',
  kernels: 'fused',
  device: 'cpu',
} as const satisfies DeviceSettings;
export const STOP = {
  warmUpSeconds: 0,
  warmUpCalls: 1,
  samples: 5,
  tolerance: 1,
  maxSeconds: 0,
  timeout: 60,
};
export const SPACE = getSpace('nas-bench-macro');
export const BLOCKS = spaceRows(SPACE).rows.map(({ block }) => block);

export const startAgent = (leaseSeconds = 30): Promise<Agent> =>
  Agent.start({ listen: LISTEN, token: TOKEN, leaseSeconds });

export const openAgentAt = (port: number, token = TOKEN, settings = SETTINGS): Promise<AgentSession> =>
  AgentSession.open({ address: { ...LISTEN, port }, token }, settings);

/** Every row alone. */
export const everyRow = (): Job[] => BLOCKS.map((_, row) => ({ seq: row, blocks: [row], timers: false }));

/** Runs jobs; `onResult` sees each result as it comes. */
export async function results(
  session: Session,
  jobs: Job[],
  {
    stop = STOP,
    blocks = BLOCKS,
    signal,
    onResult,
  }: {
    stop?: typeof STOP;
    blocks?: typeof BLOCKS;
    signal?: AbortSignal;
    onResult?: (result: JobResult) => void;
  } = {},
): Promise<JobResult[]> {
  const all: JobResult[] = [];
  for await (const result of session.run({ blocks, stop, jobs }, { signal })) {
    all.push(result);
    onResult?.(result);
  }
  return all;
}

/** Processes that this one has started, as Linux tells. */
export const children = (pid = process.pid): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);

/** A wire to a port: it can be cut, or go silent as one that is pulled out. */
export async function wireTo(port: number) {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(port, LISTEN.host);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => other.destroy());
      socket.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, LISTEN.host, resolve));
  return {
    port: (server.address() as { port: number }).port,
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
    silence: () => {
      for (const socket of sockets) socket.unpipe().pause();
    },
    [Symbol.dispose]: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
