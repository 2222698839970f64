import type { DataLoader } from '../data/loader.js';
import type { NativeBatch } from '../runtime/native.js';

/** What training needs of a loader: batch number b is the same whenever it is asked for. */
export type BatchLoader = Pick<DataLoader, 'batchesPerEpoch' | 'from'> & Partial<Pick<DataLoader, 'times'>>;

export interface BatchRange {
  /** Number of the first batch since the beginning of the training: resuming needs no other position. */
  first: number;
  /** How many groups. */
  groups: number;
  /** Batches of a group: one optimizer step. */
  size: number;
  signal?: AbortSignal | undefined;
}

/**
 * Groups of batches, across epochs; whoever takes a group disposes it. The next one is fetched while the present one
 * is used, so a step never waits for JavaScript.
 */
export async function* batchGroups(loader: BatchLoader, range: BatchRange): AsyncGenerator<NativeBatch[]> {
  const batches = loader.from(range.first, range.signal);
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
