import { fileURLToPath } from 'node:url';
import { SinglePathError } from '../core/errors.js';
import type { StorePlace } from './store.js';

/** Which process this is among those that work together, as its launcher says in the environment. */
export interface Place {
  launcher: 'torchrun' | 'SLURM' | 'MPI' | 'hand';
  rank: number;
  worldSize: number;
  /** Among the processes of this machine. */
  localRank: number;
  localWorldSize: number;
  store: StorePlace;
  /** The store ends with the launcher, or is a file; else it ends with rank 0. */
  storeOutlives: boolean;
  /** To which the route leads over the network that connects the ranks. */
  host: string;
  /** How often the launcher has started the processes again. */
  restarts: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Names of rank, number of ranks, and both on this machine. */
const LAUNCHERS: Record<Place['launcher'], [rank: string, world: string, localRank: string, local: string]> =
  {
    torchrun: ['RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'LOCAL_WORLD_SIZE'],
    hand: ['RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'LOCAL_WORLD_SIZE'],
    MPI: [
      'OMPI_COMM_WORLD_RANK',
      'OMPI_COMM_WORLD_SIZE',
      'OMPI_COMM_WORLD_LOCAL_RANK',
      'OMPI_COMM_WORLD_LOCAL_SIZE',
    ],
    SLURM: ['SLURM_PROCID', 'SLURM_NTASKS', 'SLURM_LOCALID', 'SLURM_NTASKS_PER_NODE'],
  };
/** Has the default route: an address for documentation (RFC 5737), to which nothing is sent. */
const ELSEWHERE = '192.0.2.1';
/** MPICH and Intel MPI. */
const PMI = ['PMI_RANK', 'PMI_SIZE', 'MPI_LOCALRANKID', 'MPI_LOCALNRANKS'] as const;

/**
 * Reads the variables of torchrun, SLURM, MPI (OpenMPI, MPICH, Intel), or RANK and WORLD_SIZE set by hand.
 *
 * @returns undefined where this process works alone.
 * @throws SinglePathError `INVALID_CONFIG` where only some of the variables are set, or do not fit each other.
 */
export function placeOf(env: Environment = process.env): Place | undefined {
  const launcher = launcherOf(env);
  if (launcher === undefined) return undefined;
  const names = launcher === 'MPI' && env[LAUNCHERS.MPI[0]] === undefined ? PMI : LAUNCHERS[launcher];
  const [rankName, worldName, localRankName, localName] = names;
  const worldSize = numberOf(env, worldName, 1);
  const rank = numberOf(env, rankName, 0, worldSize - 1);
  if (worldSize === 1) return undefined;
  const servedByLauncher = launcher === 'torchrun' && env.TORCHELASTIC_USE_AGENT_STORE === 'True';
  const store =
    fileOf(env, launcher, rank === 0) ?? serverOf(env, worldName, rank === 0 && !servedByLauncher);
  return {
    launcher,
    rank,
    worldSize,
    localRank: env[localRankName] === undefined ? 0 : numberOf(env, localRankName, 0),
    localWorldSize: env[localName] === undefined ? 1 : numberOf(env, localName, 1),
    store,
    storeOutlives: servedByLauncher || 'file' in store,
    host: env.MASTER_ADDR || ELSEWHERE,
    restarts:
      env.TORCHELASTIC_RESTART_COUNT === undefined ? 0 : numberOf(env, 'TORCHELASTIC_RESTART_COUNT', 0),
  };
}

/** torchrun has a store of its own, which outlives the ranks that it starts again. */
function fileOf(env: Environment, launcher: Place['launcher'], server: boolean): StorePlace | undefined {
  const url = env.SINGLEPATH_STORE;
  if (url === undefined || url === '' || launcher === 'torchrun') return undefined;
  try {
    return { file: fileURLToPath(url), server };
  } catch {
    throw halfSet(`Expected file:///… for the environment variable SINGLEPATH_STORE but received '${url}'`);
  }
}

function serverOf(env: Environment, worldName: string, server: boolean): StorePlace {
  const host = env.MASTER_ADDR;
  if (host === undefined || host === '' || env.MASTER_PORT === undefined) {
    const missing = host === undefined || host === '' ? 'MASTER_ADDR' : 'MASTER_PORT';
    throw halfSet(`Expected ${missing} to be set, as ${worldName} is ${env[worldName]}`);
  }
  return { host, port: numberOf(env, 'MASTER_PORT', 1, 65535), server };
}

/**
 * The variables of a batch system are there in every job, also for a single process in it: they count where MASTER_ADDR
 * or SINGLEPATH_STORE says that processes are to find each other.
 */
function launcherOf(env: Environment): Place['launcher'] | undefined {
  if (env.TORCHELASTIC_RUN_ID !== undefined) return 'torchrun';
  if (env.RANK !== undefined || env.WORLD_SIZE !== undefined) return 'hand';
  if (!env.MASTER_ADDR && !env.SINGLEPATH_STORE) return undefined;
  if (env.OMPI_COMM_WORLD_RANK !== undefined || env.PMI_RANK !== undefined) return 'MPI';
  if (env.SLURM_PROCID !== undefined) return 'SLURM';
  return undefined;
}

function numberOf(env: Environment, name: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
  const text = env[name];
  if (text === undefined) throw halfSet(`Expected ${name} to be set`);
  const value = Number(text);
  if (text.trim() !== '' && Number.isSafeInteger(value) && value >= least && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  throw halfSet(
    `Expected a whole number ${range} for the environment variable ${name} but received '${text}'`,
  );
}

function halfSet(message: string): SinglePathError {
  return new SinglePathError('INVALID_CONFIG', message, {
    hint:
      'processes that work together need RANK, WORLD_SIZE, and MASTER_ADDR and MASTER_PORT or SINGLEPATH_STORE (docs/distributed.md); ' +
      'unset them all to work alone',
  });
}
