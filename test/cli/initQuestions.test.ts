import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { parse } from 'yaml';
import { pictures, writeFiles } from '../data/pictures.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { withoutAddon } from './native.js';
import { atTerminal, inTurn, withoutTerminals } from './pseudoTerminal.js';

const skip = withoutAddon() || withoutTerminals();
const root = temporaryFolder();
before(() => {
  writeFiles(root, pictures('photos', ['cat', 'dog'], 20, 24));
  mkdirSync(join(root, 'empty'));
});

const [IMAGES, DEVICE, TIME, LIMIT] = [
  'Folder (or archive, table) with your images: ',
  'Device [cpu]: ',
  'Time for everything, such as 30m or 8h (empty: 30 epochs): ',
  'Limit of the network, such as madds<=60M (empty: the cheaper quarter): ',
];
const asked = (output: string, question: string) => output.split(question).length - 1;

test('init asks; Enter takes what is in brackets', { skip }, async () => {
  const { output, code } = await atTerminal(['init', 'standard.yaml'], {
    cwd: root,
    type: inTurn([IMAGES, 'photos\r'], [DEVICE, '\r'], [TIME, '\r'], [LIMIT, '\r']),
  });
  assert.equal(code, 0, output);
  assert.match(output, /photos: image-folder, 40 training images of 2 classes/);
  assert.match(output, /next: singlepath run -c standard\.yaml/);
  const { data, runtime, train, search } = parse(readFileSync(join(root, 'standard.yaml'), 'utf8'));
  assert.deepEqual([data.path, runtime?.device ?? 'cpu', train.epochs], ['photos', 'cpu', 30]);
  assert.match(search.constraints[0], /^madds<=[\d.]+[KMG]$/);
});

test('init asks again where an answer cannot be used, and says why', { skip }, async () => {
  const { output, code } = await atTerminal(['init', 'again.yaml'], {
    cwd: root,
    type: inTurn(
      ...([
        [IMAGES, '\r'],
        [IMAGES, 'nowhere\r'],
        [IMAGES, 'empty\r'],
        [IMAGES, 'photos\r'],
        [DEVICE, 'abacus\r'],
        [DEVICE, 'cpu\r'],
        [TIME, 'soon\r'],
        [TIME, '\r'],
        [LIMIT, 'madds<=1K\r'],
        [LIMIT, 'speed<=5\r'],
        [LIMIT, 'params<=1M\r'],
      ] as [string, string][]),
    ),
  });
  assert.equal(code, 0, output);
  for (const [question, times] of [
    [IMAGES, 4],
    [DEVICE, 2],
    [TIME, 2],
    [LIMIT, 3],
  ] as const)
    assert.equal(asked(output, question), times, `${question} in ${output}`);
  assert.match(output, /Expected a data set at 'nowhere' but there is none/);
  assert.match(output, /empty/);
  assert.match(output, /Expected cpu, cuda or cuda:N for the device but received 'abacus'/);
  assert.match(output, /Expected a time such as 90s/);
  assert.match(output, /smallest/);
  assert.match(output, /Expected a known metric/);
  const { search } = parse(readFileSync(join(root, 'again.yaml'), 'utf8'));
  assert.deepEqual(search.constraints, ['params<=1M']);
});

for (const [name, key] of [
  ['Ctrl-C', '\x03'],
  ['Ctrl-D', '\x04'],
] as const) {
  test(`${name} at a question of init leaves nothing behind`, { skip }, async () => {
    const before = readdirSync(root);
    const { output, code } = await atTerminal(['init', 'stopped.yaml'], {
      cwd: root,
      type: inTurn([IMAGES, 'photos\r'], [DEVICE, key]),
    });
    assert.equal(code, 130, output);
    assert.ok(
      output.trimEnd().endsWith('error: Stopped before all was answered: nothing is written'),
      output,
    );
    // Two questions, what was found, the signal, the error: no line is empty.
    assert.equal(output.trimEnd().split('\n').length, name === 'Ctrl-C' ? 5 : 4, output);
    assert.deepEqual(readdirSync(root), before);
  });
}
