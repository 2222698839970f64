import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { MAIN } from '../cli/run.js';

/** A process of a group. */
export interface Rank {
  child: ChildProcess;
  stdout: string;
  stderr: string;
  /** Exit code as a shell sees it. */
  code: Promise<number>;
}

export interface StartOptions {
  env?: Record<string, string>;
  /** Other variables of single ranks, or none of a rank that does not come. */
  envOf?: (rank: number) => Record<string, string> | undefined;
  argsOf?: (rank: number) => readonly string[];
}

/** A port nobody uses now. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** Starts ranks by hand, as docs/distributed.md says. */
export async function startRanks(
  worldSize: number,
  args: readonly string[],
  { env = {}, envOf = () => ({}), argsOf = () => [] }: StartOptions = {},
): Promise<Rank[]> {
  const port = await freePort();
  return Array.from({ length: worldSize }, (_, rank) => {
    const place = { RANK: String(rank), WORLD_SIZE: String(worldSize), MASTER_ADDR: '127.0.0.1' };
    return start(process.execPath, [MAIN, ...args, ...argsOf(rank)], {
      ...place,
      MASTER_PORT: String(port),
      OMP_NUM_THREADS: '1',
      ...env,
      ...envOf(rank),
    });
  });
}

/** Starts a program with further variables. */
export function start(program: string, args: readonly string[], env: Record<string, string> = {}): Rank {
  const child = spawn(program, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const rank: Rank = {
    child,
    stdout: '',
    stderr: '',
    code: new Promise((resolve) => {
      child.on('close', (code, signal) =>
        resolve(signal === null ? (code ?? -1) : 128 + constants.signals[signal]),
      );
    }),
  };
  child.stdout!.on('data', (data: Buffer) => {
    rank.stdout += data.toString();
  });
  child.stderr!.on('data', (data: Buffer) => {
    rank.stderr += data.toString();
  });
  return rank;
}

/** Waits until a rank has printed something; its end without it is an error. */
export async function printed(rank: Rank, what: RegExp): Promise<void> {
  let ended = false;
  rank.code.then(() => {
    ended = true;
  });
  while (!what.test(rank.stderr)) {
    if (ended) throw new Error(`ended without ${what}: ${rank.stderr}`);
    await sleep(10);
  }
}

/** Exit codes of all. */
export async function codes(ranks: readonly Rank[]): Promise<number[]> {
  return await Promise.all(ranks.map((rank) => rank.code));
}
