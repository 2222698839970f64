import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { NativeBatch } from '../../src/runtime/native.js';
import { batchGroups } from '../../src/train/batches.js';
import { FakeBatch, FakeLoader } from './fakes.js';

/** A loader that counts what was asked of it. */
class CountingLoader extends FakeLoader {
  served = 0;
  override async *from(first: number, signal?: AbortSignal): AsyncGenerator<NativeBatch, never, undefined> {
    for await (const batch of super.from(first, signal)) {
      this.served++;
      yield batch;
    }
    throw new Error('batches never end');
  }
}

test('the next group is fetched while the present one is used, and none beyond the last', async () => {
  const loader = new CountingLoader(5);
  const values: number[][] = [];
  for await (const group of batchGroups(loader, { first: 3, groups: 3, size: 2 })) {
    await turn();
    assert.equal(loader.served, Math.min(6, 2 * (values.length + 2)));
    values.push(group.map((batch) => (batch as FakeBatch).value));
    for (const batch of group) batch.dispose();
  }
  assert.deepEqual(
    values.flat(),
    [3, 4, 5, 6, 7, 8].map((batch) => loader.valueOf(batch)),
  );
  assert.equal(loader.served, 6);
});

test('leaving early disposes what was fetched ahead', async () => {
  for await (const group of batchGroups(new FakeLoader(5), { first: 0, groups: 10, size: 3 })) {
    for (const batch of group) batch.dispose();
    break;
  }
  assert.equal(FakeBatch.alive, 0);
});

test('no groups, no batches', async () => {
  const loader = new CountingLoader(5);
  for await (const _ of batchGroups(loader, { first: 7, groups: 0, size: 3 })) assert.fail();
  assert.equal(loader.served, 0);
});
