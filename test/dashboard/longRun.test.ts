import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measureLongRun } from '../../bench/dashboard/measure.js';
import { temporaryFolder } from '../temporaryFolder.js';

test('a run of many events is shown in a memory that would not hold them, and nobody waits long', async () => {
  // 23 MB of text, three times that as events. `npm run bench -- dashboard` does the same with a million.
  const measures = await measureLongRun(temporaryFolder(), 100_000, 32);
  const { list, curve, part, sections, appended, memory = 0, curveBytes } = measures;
  assert.ok(memory < 250e6, `${memory} bytes`);
  assert.ok(curveBytes < 200e3, `${curveBytes} bytes for a curve`);
  // A tenth of these on a machine that does nothing else.
  for (const [what, seconds] of Object.entries({ list, curve, part, sections, appended }))
    assert.ok(seconds < 5, `${what}: ${seconds} s`);
});
