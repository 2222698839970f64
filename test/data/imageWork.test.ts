import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { finishImageWork } from '../../src/data/imageWork.js';

it('work on images is rejected with what onProgress throws while it goes on', async () => {
  const mine = new Error('in progress');
  let calls = 0;
  const start = () => ({ progress: (): [number, number] => [1, 2], result: sleep(500, 'done') });
  const onProgress = () => {
    calls++;
    throw mine;
  };
  await assert.rejects(finishImageWork(start, { onProgress }), mine);
  assert.equal(calls, 1);
  await assert.rejects(finishImageWork(start, { onProgress: 1 as never }), { code: 'INVALID_ARGUMENT' });
});
