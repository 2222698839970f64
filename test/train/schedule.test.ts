import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type LearningRateSchedule, learningRateAt } from '../../src/train/schedule.js';

const schedule = (over: Partial<LearningRateSchedule>): LearningRateSchedule => ({
  kind: 'linear',
  learningRate: 0.5,
  steps: 1000,
  warmupSteps: 0,
  ...over,
});
const near = (actual: number, wanted: number) =>
  assert.ok(Math.abs(actual - wanted) < 1e-12, `${actual} ${wanted}`);

test('linear is the released LambdaLR: base * (1 - step / total)', () => {
  const linear = schedule({});
  assert.equal(learningRateAt(linear, 0), 0.5);
  near(learningRateAt(linear, 250), 0.375);
  near(learningRateAt(linear, 999), 0.0005);
});

test('cosine is half a period: full, half, zero', () => {
  const cosine = schedule({ kind: 'cosine', learningRate: 0.025, steps: 600 });
  assert.equal(learningRateAt(cosine, 0), 0.025);
  near(learningRateAt(cosine, 300), 0.0125);
  near(learningRateAt(cosine, 200), 0.025 * 0.75);
  near(learningRateAt(cosine, 600), 0);
});

test('warm-up rises linearly, and the fall takes the remaining steps', () => {
  const warm = schedule({ warmupSteps: 100 });
  near(learningRateAt(warm, 0), 0.005);
  near(learningRateAt(warm, 49), 0.25);
  near(learningRateAt(warm, 99), 0.5);
  near(learningRateAt(warm, 100), 0.5);
  near(learningRateAt(warm, 550), 0.25);
  near(learningRateAt({ ...warm, kind: 'constant' }, 777), 0.5);
});

test('every schedule stays in (0, largest], rises in the warm-up and never rises after it', () => {
  const any = fc.record({
    kind: fc.constantFrom('linear' as const, 'cosine' as const, 'constant' as const),
    steps: fc.integer({ min: 2, max: 300 }),
    warm: fc.double({ min: 0, max: 0.9, noNaN: true }),
  });
  fc.assert(
    fc.property(any, ({ kind, steps, warm }) => {
      const warmupSteps = Math.floor(steps * warm);
      const rates = Array.from({ length: steps }, (_, s) =>
        learningRateAt(schedule({ kind, steps, warmupSteps }), s),
      );
      for (const [s, rate] of rates.entries()) {
        assert.ok(rate > 0 && rate <= 0.5, `${rate} at ${s}`);
        if (s > 0 && s < warmupSteps) assert.ok(rate > rates[s - 1]!);
        if (s > warmupSteps) assert.ok(rate <= rates[s - 1]!);
      }
    }),
  );
});
