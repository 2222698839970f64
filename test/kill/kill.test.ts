import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { withoutAddon } from '../cli/native.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { killedAndResumed } from './campaign.js';
import { commandWorks, FAKE_WORKS } from './works.js';

const SEED = 20261126;
const root = temporaryFolder();

// `npm run kill -- --minutes N` does the same with many seeds.
for (const [name, work] of Object.entries(FAKE_WORKS)) {
  test(`a ${name} killed at random moments resumes to the identical result`, async () => {
    const hits = await killedAndResumed(work, { root: join(root, name), seed: SEED, kills: 5 });
    assert.ok(hits > 0, 'no attempt was killed before its end');
  });
}

test('so do train, retrain, search, run and export on libtorch', { skip: withoutAddon() }, async () => {
  const works = await commandWorks(join(root, 'start'));
  let hits = 0;
  for (const [name, work] of Object.entries(works)) {
    hits += await killedAndResumed(work, { root: join(root, name), seed: SEED, kills: 2 });
  }
  assert.ok(hits > 0, 'no attempt was killed before its end');
});
