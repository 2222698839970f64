import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { AppendFile } from '../../src/run/appendFile.js';
import { EventLog, readEvents } from '../../src/run/events.js';
import { freshPath } from './fixtures.js';

const types = (path: string) => readEvents(path).map(({ type, step }) => `${type} ${step}`);

test('events are lines of JSON with their time, in order', () => {
  const path = freshPath();
  {
    using log = new EventLog(path);
    log.append({ type: 'started', step: 0 });
    log.append({ type: 'step', step: 50, loss: 1.5 });
  }
  const lines = readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(lines.length, 2);
  assert.equal(lines[1].loss, 1.5);
  assert.ok(Math.abs(Date.parse(lines[1].time) - Date.now()) < 60_000);
});

test('a torn last line is left out by readers and cut by the next writer', () => {
  const path = freshPath();
  writeFileSync(path, '{"type":"started","step":0}\n{"type":"step","st');
  assert.deepEqual(types(path), ['started 0']);
  {
    using log = new EventLog(path);
    log.append({ type: 'resumed', step: 0 });
  }
  assert.deepEqual(types(path), ['started 0', 'resumed 0']);
  writeFileSync(path, `{"type":"x","step":1,"pad":"${'-'.repeat(200_000)}`);
  new EventLog(path)[Symbol.dispose]();
  assert.equal(readFileSync(path, 'utf8'), '');
});

test('a resume takes back what is run again', () => {
  const path = freshPath();
  using log = new EventLog(path);
  for (const step of [10, 20, 30]) log.append({ type: 'step', step });
  log.append({ type: 'resumed', step: 20 });
  log.append({ type: 'step', step: 30 });
  assert.deepEqual(types(path), ['step 10', 'step 20', 'resumed 20', 'step 30']);
});

test('a broken line in the middle is named', () => {
  const path = freshPath();
  writeFileSync(path, '{"type":"a","step":0}\noops\n{"type":"b","step":1}\n');
  assert.throws(() => readEvents(path), { code: 'INVALID_CHECKPOINT', message: /line 2/ });
  assert.deepEqual(readEvents(freshPath()), []);
});

test('two writers of one file do not overwrite each other', () => {
  const path = freshPath();
  using a = new AppendFile(path);
  using b = new AppendFile(path);
  for (const file of [a, b, a, b]) file.append(Buffer.from(file === a ? 'a\n' : 'b\n'));
  assert.equal(readFileSync(path, 'utf8'), 'a\nb\na\nb\n');
});

test('a full disk is an IO error with a hint', {
  skip: existsSync('/dev/full') ? false : 'no /dev/full',
}, () => {
  using file = new AppendFile('/dev/full');
  assert.throws(() => file.append(Buffer.from('x')), { code: 'IO', hint: /disk is full/ });
});

test('events appended by hand are kept', () => {
  const path = freshPath();
  new EventLog(path)[Symbol.dispose]();
  appendFileSync(path, '{"type":"note","step":1}\n');
  assert.deepEqual(types(path), ['note 1']);
});
