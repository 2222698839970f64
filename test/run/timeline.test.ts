import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { readEvents } from '../../src/run/events.js';
import { Series } from '../../src/run/series.js';
import { Timeline } from '../../src/run/timeline.js';
import { freshPath } from './fixtures.js';

const line = (event: object): string => `${JSON.stringify({ time: '2026-01-01T00:00:00.000Z', ...event })}\n`;
const step = (number: number, loss: number) => line({ type: 'step', step: number, loss });
const losses = ({ train }: Timeline) => train.points('loss').map((point) => [point.step, point.value]);

function newRun(text: string): { folder: string; file: string; timeline: Timeline } {
  const folder = freshPath();
  mkdirSync(folder);
  const file = join(folder, 'events.jsonl');
  writeFileSync(file, text);
  return { folder, file, timeline: new Timeline(folder) };
}

test('what is appended is read as it comes; a torn line waits for its end', () => {
  const { file, timeline } = newRun(line({ type: 'started', step: 0 }) + step(1, 4));
  assert.deepEqual(timeline.advance(), { changed: true, reset: false, more: false });
  assert.deepEqual(losses(timeline), [[1, 4]]);
  assert.equal(timeline.advance().changed, false);
  const next = step(2, 2);
  appendFileSync(file, next.slice(0, 9));
  assert.equal(timeline.advance().changed, false);
  appendFileSync(file, next.slice(9));
  timeline.advance();
  assert.deepEqual(losses(timeline), [
    [1, 4],
    [2, 2],
  ]);
});

test('a resume takes back what is run again, and is no end', () => {
  const { timeline, file } = newRun(
    [line({ type: 'started', step: 0 }), step(1, 4), step(2, 3), step(3, 2)].join(''),
  );
  timeline.readAll();
  appendFileSync(file, line({ type: 'failed', step: 3, error: 'disk' }));
  assert.equal(timeline.readAll().ended, 'failed');
  appendFileSync(file, line({ type: 'resumed', step: 1 }) + step(2, 9));
  timeline.readAll();
  assert.deepEqual(losses(timeline), [
    [1, 4],
    [2, 9],
  ]);
  assert.equal(timeline.ended, undefined);
  assert.deepEqual(
    timeline.incidents.map(({ type }) => type),
    ['failed', 'resumed'],
  );
});

test('any history of steps and resumes gives the curve that readEvents gives', () => {
  const moves = fc.array(fc.oneof(fc.constant('step' as const), fc.integer({ min: 0, max: 9 })), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(moves, (history) => {
      let at = 0;
      const text = history.map((move, i) => {
        if (move === 'step') return step(++at, i);
        at = Math.min(at, move);
        return line({ type: 'resumed', step: at });
      });
      const { file, timeline } = newRun(text.join(''));
      const expected = readEvents(file).flatMap((event) =>
        event.type === 'step' ? [[event.step, event.loss]] : [],
      );
      assert.deepEqual(losses(timeline.readAll()), expected);
    }),
    { numRuns: 50 },
  );
});

test('a folder that is removed or made anew starts the curve anew', () => {
  const { folder, file, timeline } = newRun(line({ type: 'started', step: 0 }) + step(1, 4) + step(2, 3));
  timeline.readAll();
  renameSync(folder, `${folder}-gone`);
  assert.deepEqual(timeline.advance(), { changed: true, reset: true, more: false });
  assert.deepEqual(losses(timeline), []);
  assert.equal(timeline.advance().changed, false);
  mkdirSync(folder);
  writeFileSync(file, line({ type: 'started', step: 0 }) + step(1, 7));
  timeline.readAll();
  assert.deepEqual(losses(timeline), [[1, 7]]);
  writeFileSync(file, step(1, 5)); // shorter than what was read
  assert.equal(timeline.advance().reset, true);
  assert.deepEqual(losses(timeline), [[1, 5]]);
  rmSync(folder, { recursive: true });
});

test('a validation that is repeated counts once; damaged lines are told', () => {
  const scored = line({ type: 'validation', step: 4, accuracy: 0.5 });
  const { timeline } = newRun(`${scored}garbage\nnull\n${scored}`);
  timeline.readAll();
  assert.equal(timeline.validation.length, 1);
  assert.deepEqual(
    timeline.incidents.map(({ type }) => type),
    ['damaged', 'damaged'],
  );
});

test('few points of a long curve keep its smallest and largest values', () => {
  const series = new Series();
  const values = Array.from({ length: 10_000 }, (_, i) => Math.sin(i / 500));
  values[1234] = 9;
  values[7777] = -9;
  for (const [i, value] of values.entries()) series.append(i + 1, i, { value });
  const points = series.points('value', { most: 200 });
  assert.ok(points.length <= 200 && points.length > 150);
  assert.deepEqual(
    points.filter(({ value }) => Math.abs(value) === 9).map((point) => point.step),
    [1235, 7778],
  );
  assert.ok(points.every((point, i) => i === 0 || point.step > points[i - 1]!.step));
  assert.equal(
    series.points('value', { from: 101, to: 150 }).length,
    50,
    'a part that is looked at is exact',
  );
  series.truncate(100);
  assert.equal(series.last('value')!.step, 100);
});
