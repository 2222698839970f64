/** Damaged input for everything in TypeScript that reads files and text, and for network descriptions. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { campaign } from './campaign.js';
import { targets } from './targets.js';

/** Those that build a whole configuration or network for each input. */
const SLOW = new Set(['config', 'set', 'space', 'network']);

describe('fuzzing what is read (`npm run fuzz -- --minutes N` goes on for longer)', () => {
  for (const [name, target] of Object.entries(targets)) {
    test(name, async () => {
      const { read, refused } = await campaign(name, target, { count: SLOW.has(name) ? 60 : 300 });
      // Both ways must have been taken, or the inputs are no test.
      assert.ok(read > 0 && refused > 0, `${read} read, ${refused} refused`);
    });
  }
});
