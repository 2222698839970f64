import { SinglePathError } from '../core/errors.js';
import type { NativeBatch } from '../runtime/native.js';

/** Where training batches come from (src/data). The same epoch number always gives the same batches. */
export interface BatchLoader {
  readonly batchesPerEpoch: number;
  /** Batches firstBatch, firstBatch + 1, … of an epoch. Whoever takes a batch disposes it. */
  epoch(epoch: number, firstBatch: number, signal?: AbortSignal): AsyncIterable<NativeBatch>;
}

export interface BatchRange {
  /** Number of the first batch since the beginning of the training: resuming needs no other position. */
  first: number;
  /** How many groups. */
  groups: number;
  /** Batches of a group: one optimiser step. */
  size: number;
  signal?: AbortSignal | undefined;
}

/**
 * Groups of batches, across epochs. The next group is fetched while the present one is used, so a step never waits
 * for JavaScript.
 */
export async function* batchGroups(loader: BatchLoader, range: BatchRange): AsyncGenerator<NativeBatch[]> {
  const batches = batchesFrom(loader, range.first, range.signal);
  let next = takeGroup(batches, range.groups > 0 ? range.size : 0);
  try {
    for (let group = 0; group < range.groups; group++) {
      const present = await next;
      next = takeGroup(batches, group + 1 < range.groups ? range.size : 0);
      next.catch(() => {}); // thrown where it is awaited
      yield present;
    }
  } finally {
    const unused = await next.catch(() => []);
    for (const batch of unused) batch.dispose();
    await batches.return(undefined as never);
  }
}

async function* batchesFrom(
  loader: BatchLoader,
  first: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<NativeBatch, never> {
  const { batchesPerEpoch } = loader;
  let skip = first % batchesPerEpoch;
  for (let epoch = Math.floor(first / batchesPerEpoch); ; epoch++) {
    let taken = skip;
    for await (const batch of loader.epoch(epoch, skip, signal)) {
      taken++;
      yield batch;
    }
    // An empty epoch would make this loop spin for ever.
    if (taken !== batchesPerEpoch) {
      throw new SinglePathError(
        'INVALID_DATASET',
        `Expected ${batchesPerEpoch} batches in epoch ${epoch} but received ${taken}`,
      );
    }
    skip = 0;
  }
}

async function takeGroup(batches: AsyncGenerator<NativeBatch, never>, size: number): Promise<NativeBatch[]> {
  const group: NativeBatch[] = [];
  try {
    while (group.length < size) group.push((await batches.next()).value);
    return group;
  } catch (error) {
    for (const batch of group) batch.dispose();
    throw error;
  }
}
