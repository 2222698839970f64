import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatBar } from '../../src/report/bar.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { withoutAddon } from './native.js';
import { atTerminal, inTerminal, withoutTerminals } from './pseudoTerminal.js';

const skip = withoutAddon() || withoutTerminals();

/** An escape sequence or one character. */
const SEQUENCE = new RegExp(`${String.fromCharCode(27)}\\[\\??\\d*[A-Za-z]|[^]`, 'g');

/** What a terminal shows of `output`: its lines, and the column of the cursor. */
function screen(output: string): { lines: string[]; column: number } {
  const lines = [''];
  let column = 0;
  for (const part of output.match(SEQUENCE) ?? []) {
    const line = lines.at(-1)!;
    if (part === '\n') lines.push('');
    else if (part === '\r') column = 0;
    else if (part === '\x1b[K') lines[lines.length - 1] = line.slice(0, column);
    else if (part.startsWith('\x1b')) assert.fail(`changes the terminal: ${JSON.stringify(part)}`);
    else lines[lines.length - 1] = line.slice(0, column) + part + line.slice(++column);
  }
  return { lines, column };
}

/** Runs a training on a terminal so many columns wide, and presses Ctrl-C so often once the bar moves. */
function onTerminal(columns: number, presses: number, settings: readonly string[]): Promise<string> {
  const few = ['space.name=spos-shufflenet-v2-28', 'data.trainImages=100', 'data.heldOut=20', ...settings];
  const args = ['train', '-d', join(temporaryFolder(), 'run'), ...few.flatMap((one) => ['--set', one])];
  let pressed = 0;
  return atTerminal(args, {
    columns,
    type(output) {
      if (pressed === 0 ? !/ [1-9]\d*\/\d/.test(output) : !/SIGINT: /.test(output)) return undefined;
      // The second when the first is answered.
      return pressed++ < presses ? '\x03' : undefined;
    },
  }).then(({ output }) => output);
}

const LONG = ['train.steps=100000', 'train.batchSize=8'];

test('Ctrl-C leaves a clean screen: the bar, the message and the prompt on lines of their own', {
  skip,
}, async () => {
  const { lines, column } = screen(await onTerminal(100, 1, LONG));
  assert.equal(column, 0, 'the prompt begins a line');
  assert.equal(lines.at(-1), '');
  const shown = lines.filter((line) => /█|░|SIGINT|error|hint/.test(line));
  assert.equal(shown.length, 4, lines.join('\n'));
  assert.match(shown[0]!, /^SIGINT: stopping with a checkpoint of the present step; once more ends at once$/);
  assert.match(
    shown[1]!,
    /^supernet [█░]+ \d+\/100000 {2}loss [\d.]+ {2}images\/s \S+ {2}(?:waiting \d+% {2})?memory \S+ {2}ETA .*$/,
  );
  assert.match(shown[2]!, /^error: Stopped after step \d+ of 100000$/);
  assert.match(shown[3]!, /^hint: the checkpoint is saved in /);
});

test('so does a second Ctrl-C', { skip }, async () => {
  // A step takes long, so it is the second Ctrl-C that ends the process.
  const { lines, column } = screen(await onTerminal(100, 2, [...LONG, 'train.accumulate=100']));
  assert.equal(column, 0);
  assert.equal(lines.at(-1), '');
  assert.deepEqual(
    lines.filter((line) => /█|░|SIGINT|error/.test(line)),
    ['SIGINT: stopping with a checkpoint of the present step; once more ends at once'],
  );
});

test('on a narrow terminal every line of the bar fits', { skip }, async () => {
  const output = await onTerminal(40, 0, ['train.steps=20', 'train.batchSize=8']);
  const bars = output.split(/\r|\n/).map((line) => line.replace('\x1b[K', ''));
  const drawn = bars.filter((line) => line.startsWith('supernet ') && line.includes('ETA'));
  assert.ok(drawn.length >= 2, output);
  for (const line of drawn) assert.ok(line.length <= 39, line);
});

test('a bar that was stopped is not drawn again', { skip: withoutTerminals() }, async () => {
  const module = new URL('../../src/report/progress.js', import.meta.url).href;
  const script = `import { createProgress } from "${module}"; const bar = createProgress({ title: "net", total: 2 });
    bar.update(2, {}); bar.stop(); console.error("next stage"); bar.stop();`;
  const node = [process.execPath, '--input-type=module', '-e', script.replaceAll('\n', ' ')];
  const { output } = await inTerminal(node, { type: () => undefined });
  const { lines } = screen(output);
  assert.deepEqual(
    lines.map((line) => line.split(' ')[0]),
    ['net', 'next', ''],
  );
});

test('a bar shrinks, then leaves out the last fields, then itself', () => {
  const state = { title: 'net', done: 30, total: 120, fields: { loss: '1.5', rate: '9' }, left: '2s' };
  assert.equal(formatBar(state, 100), 'net ██████░░░░░░░░░░░░░░░░░░ 30/120  loss 1.5  rate 9  ETA 2s');
  assert.equal(formatBar(state, 45), 'net ██░░░░░░ 30/120  loss 1.5  rate 9  ETA 2s');
  assert.equal(formatBar(state, 40), 'net ███░░░░░░░░ 30/120  loss 1.5  ETA 2s');
  assert.equal(formatBar(state, 30), 'net ███░░░░░░░░ 30/120  ETA 2s');
  assert.equal(formatBar(state, 24), 'net 30/120  ETA 2s');
  for (let width = 1; width < 100; width++) assert.ok(formatBar(state, width).length <= width);
});
