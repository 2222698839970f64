import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Stalled, StallWatch } from '../../src/train/stalled.js';

/** What the watch says of losses by step. */
function watched(loss: (step: number) => number, { classes = 10, warmupSteps = 0, from = 1 } = {}) {
  const watch = new StallWatch(classes, { learningRate: 0.1, warmupSteps });
  const found: [number, Stalled][] = [];
  for (let step = from; step <= 1000; step++) {
    const stalled = watch.add(step, loss(step));
    if (stalled !== undefined) found.push([step, stalled]);
  }
  return found;
}

test('a loss that is still ln(classes) after 200 steps is told, once', () => {
  for (const classes of [2, 10, 1000]) {
    const chance = Math.log(classes);
    const [[step, stalled] = [], ...more] = watched((at) => chance * (at % 2 ? 0.999 : 1.001), { classes });
    assert.equal(step, 200);
    assert.equal(stalled!.chance, chance);
    assert.ok(Math.abs(stalled!.loss - chance) < 1e-3 * chance);
    // Not that of step 200, which the schedule may have lowered to almost nothing.
    assert.equal(stalled!.learningRate, 0.1);
    assert.deepEqual(more, []);
  }
});

test('so is one above it, and the steps of a warm-up do not count', () => {
  assert.equal(watched(() => 3)[0]?.[0], 200);
  assert.equal(watched(() => 3, { warmupSteps: 300 })[0]?.[0], 500);
  // Resumed: the mean of the steps that this process has seen.
  assert.equal(watched(() => 3, { from: 190 })[0]?.[0], 200);
  assert.deepEqual(
    watched(() => 3, { from: 201 }),
    [],
  );
});

test('a training that learns is left alone, also where it begins slowly', () => {
  const chance = Math.log(10);
  assert.deepEqual(
    watched((step) => chance * Math.exp(-step / 5000)),
    [],
  );
  assert.deepEqual(
    watched((step) => (step <= 150 ? chance : 0.98 * chance)),
    [],
  );
});
