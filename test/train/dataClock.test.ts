import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DataClock } from '../../src/train/dataClock.js';

test('each call of take() covers what came since the one before', async () => {
  const loader = {
    batchesPerEpoch: 4,
    from: () => assert.fail('not read here'),
    total: 0,
    times() {
      this.total++;
      return { read: 0, decode: 2 * this.total, transform: this.total, idle: 0 };
    },
  };
  const clock = new DataClock(loader as never);
  const groups = (async function* () {
    for (const group of [1, 2, 3]) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      yield group;
    }
  })();
  const seen: number[] = [];
  for await (const group of clock.watch(groups)) seen.push(group);
  assert.deepEqual(seen, [1, 2, 3]);
  const first = clock.take();
  assert.ok(first.wait > 0);
  assert.deepEqual({ ...first, wait: 0 }, { wait: 0, read: 0, decode: 2, transform: 1, idle: 0 });
  assert.equal(clock.take().wait, 0);
});
