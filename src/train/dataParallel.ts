import type { DistributedConfig } from '../config/schema/distributed.js';
import { SinglePathError } from '../core/errors.js';
import type { Group } from '../distributed/group.js';
import { packState, unpackState } from '../distributed/state.js';
import type { ParallelStep } from '../runtime/native.js';
import type { StatefulNetwork, TrainingState } from './session.js';

/** Images below which the statistics of one BatchNorm batch say little. */
const FEW_IMAGES = 16;

/** How a training is shared between processes. */
export interface DataParallel {
  group: Group;
  /** Parts of the global batch, of all ranks together; BatchNorm normalizes each by its own statistics. */
  shards: number;
  /** Add shards up as a tree: the same result for any number of ranks. */
  tree: boolean;
}

/**
 * How a group shares global batches of `batchSize` images out.
 *
 * @returns undefined where one process does everything, as without a group.
 * @throws SinglePathError `INVALID_CONFIG` where the batch cannot be shared out evenly.
 */
export function dataParallelOf(
  group: Group,
  { reproducible, shards: wanted }: Pick<DistributedConfig, 'reproducible' | 'shards'>,
  batchSize: number,
): DataParallel | undefined {
  const { worldSize } = group;
  if (worldSize === 1 && !reproducible) return undefined;
  const shards = reproducible ? wanted : worldSize;
  if (shards % worldSize !== 0) {
    throw new SinglePathError(
      'INVALID_CONFIG',
      `Expected a number of processes that divides distributed.shards = ${shards} but received ${worldSize}`,
      { hint: 'distributed.reproducible needs 1, 2, 4, 8, ... processes, at most as many as shards' },
    );
  }
  if (batchSize % shards !== 0) {
    throw new SinglePathError(
      'INVALID_CONFIG',
      `Expected batchSize to be a multiple of ${shards} ${reproducible ? 'shards' : 'processes'} but received ${batchSize}`,
      { hint: 'batchSize counts the images of all processes together; accumulate makes a step larger' },
    );
  }
  return { group, shards, tree: reproducible };
}

/** Which batches of the global ones this rank loads; `{}` without a group. */
export function loaderShare(parallel: DataParallel | undefined, batchSize: number) {
  if (parallel === undefined) return { batchSize };
  const { group, shards } = parallel;
  return { batchSize: batchSize / shards, rank: group.rank, worldSize: group.worldSize, shards };
}

/** Batches of this rank in each global batch. */
export function ownShards(parallel: DataParallel | undefined): number {
  return parallel === undefined ? 1 : parallel.shards / parallel.group.worldSize;
}

/** What the native step needs to know. */
export function parallelStep(
  { group, shards, tree }: DataParallel,
  step: number,
  stop: boolean,
): ParallelStep {
  return { group: group.native, shards, tree, step, stop };
}

/** What people are told about a shared training; nothing without a group. */
export function describeShare(
  parallel: DataParallel | undefined,
  { batchSize, accumulate, learningRate }: { batchSize: number; accumulate: number; learningRate: number },
  givenRate: number | null,
): { share?: string; warning?: string } {
  if (parallel === undefined) return {};
  const { group, shards, tree } = parallel;
  const each = batchSize / shards;
  const rule = givenRate === null ? "the paper's 0.5 for 1024 images, scaled linearly" : 'as set';
  const share =
    `${group.worldSize} ranks: ${batchSize * accumulate} images a step, ${batchSize / group.worldSize} a rank at a time` +
    `${tree ? ` in ${shards} shards` : ''}; learning rate ${Number(learningRate.toPrecision(4))} (${rule})`;
  if (each >= FEW_IMAGES) return { share };
  const warning = `BatchNorm sees ${each} images at a time: its statistics are poor below ${FEW_IMAGES}; a larger batchSize or fewer processes help`;
  return { share, warning };
}

/** Gives all ranks the state and the tensors of rank 0, which alone reads checkpoints. */
export async function shareStart(
  { group }: DataParallel,
  state: TrainingState,
  network: StatefulNetwork,
): Promise<void> {
  if (group.worldSize === 1) return;
  const own = group.rank === 0 ? packState(state, await network.state()) : new Uint8Array();
  const bytes = await group.broadcast('the first weights', own);
  if (group.rank === 0) return;
  const shared = unpackState<TrainingState>(bytes);
  Object.assign(state, shared.state);
  await network.load(shared.tensors);
}
