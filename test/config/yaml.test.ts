import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { loadConfig, resolveConfig } from '../../src/config/load.js';
import { fileSource, objectSource, setSource, yamlSource } from '../../src/config/sources.js';
import { parseYaml } from '../../src/config/yaml.js';
import { SinglePathError } from '../../src/core/errors.js';
import { loadSpace, parseSpace } from '../../src/space/file/load.js';
import { singlepath, temporaryFile } from '../cli/run.js';

/** What is wrong with a YAML text, as a configuration. */
function failure(work: () => unknown): SinglePathError {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof SinglePathError, `${(error as Error).stack}`);
    return error;
  }
  throw new assert.AssertionError({ message: 'accepted' });
}
const inFile = (text: string) => failure(() => yamlSource(text, 'my.yaml')).message;

test('an alias without its anchor is named with its place', () => {
  assert.equal(
    inFile('seed: 1\ntrain: *recipe\n'),
    'my.yaml:2:8: Expected valid YAML: the alias *recipe has no anchor &recipe before it',
  );
  assert.match(inFile('train: [*late, &late 1]\n'), /^my\.yaml:1:9: .*\*late has no anchor/);
});

test('a value that contains itself is refused', () => {
  const message = 'Expected a value for train.again but received one that contains itself';
  assert.equal(inFile('seed: 1\ntrain: &train\n  steps: 1\n  again: *train\n'), `my.yaml:4:3: ${message}`);
  const train: Record<string, unknown> = { steps: 1 };
  train.again = train;
  assert.equal(failure(() => objectSource({ train }, 'mine')).message, `mine: ${message}`);
  const steps: unknown[] = [];
  steps.push({ sequential: { name: 'x', steps } });
  const space = { name: 'x', input: { size: 8 }, classes: 2, layers: [{ name: 'stem', steps }] };
  assert.match(failure(() => loadSpace(space)).message, /contains itself/);
});

test('a row is not repeated without end', () => {
  const space =
    'name: x\ninput: {size: 8}\nclasses: 2\nlayers:\n  - {choices: {a: [relu]}, repeat: 1000000000}\n';
  assert.match(
    failure(() => parseSpace(space)).message,
    /^space:5:\d+: Expected a number <= 1000 for layers\.0\.repeat/,
  );
});

/** `levels` anchors, each a list of ten times the one before. */
function bomb(levels: number): string {
  const lines = ['a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]'];
  for (let i = 1; i < levels; i++) lines.push(`a${i}: &a${i} [${Array(10).fill(`*a${i - 1}`)}]`);
  return lines.join('\n');
}

test('aliases that multiply are refused at once, where they become too many', () => {
  for (const levels of [6, 12, 40]) {
    assert.match(inFile(bomb(levels)), /^my\.yaml:\d+:\d+: Expected at most 100000 values but a\d+/);
  }
});

test('aliases in honest numbers are fine', () => {
  const steps = ['&conv {conv2d: {out: 8}}', ...Array(200).fill('*conv')].map((step) => `      - ${step}`);
  const rest = '  - name: head\n    steps: [averagePool, {linear: {out: $classes}}]\n';
  const text = `name: many\ninput: {size: 8}\nclasses: 2\nlayers:\n  - name: stem\n    steps:\n${steps.join('\n')}\n${rest}`;
  assert.equal(parseSpace(text).layers.length, 2);
});

test('nesting without end is refused, of lists and of mappings, in files and in --set', () => {
  for (const depth of [101, 1000, 3000, 20_000]) {
    assert.match(inFile(`train: ${'['.repeat(depth)}${']'.repeat(depth)}`), /nested too deeply|levels/);
    const mapping = `${'{a: '.repeat(depth)}1${'}'.repeat(depth)}`;
    assert.match(failure(() => setSource(`train=${mapping}`)).message, /nested too deeply|levels/);
  }
});

test('__proto__ is no key, wherever it stands; other names of JavaScript are unknown keys', () => {
  const known = /Expected a known key for (train|the top level|space\.options) but received '__proto__'$/;
  for (const text of ['__proto__: {seed: 7}', 'train: {__proto__: {steps: 7}}']) {
    assert.match(inFile(text), known);
  }
  for (const set of ['__proto__.seed=7', 'train.__proto__={steps: 7}', 'train={__proto__: {steps: 7}}']) {
    assert.match(failure(() => resolveConfig([setSource(set)])).message, known);
  }
  const choices = '    choices:\n      __proto__: [relu]\n      b: [relu]\n';
  const space = `name: x\ninput: {size: 8}\nclasses: 2\nlayers:\n  -\n${choices}`;
  assert.match(
    failure(() => parseSpace(space)).message,
    /^space:7:7: Expected a known key for layers\.0\.choices/,
  );
  for (const key of ['constructor', 'toString', 'prototype', 'hasOwnProperty']) {
    assert.match(
      failure(() => resolveConfig([setSource(`train.${key}=1`)])).message,
      new RegExp(`^--set train.${key}=1: Expected a known key for train but received '${key}'$`),
    );
    assert.match(
      failure(() => resolveConfig([setSource(`${key}={steps: 1}`)])).message,
      /known key for the top/,
    );
  }
});

test('the command line ends with exit code 2 and the place, without a stack trace', async () => {
  const file = temporaryFile('bad.yaml', 'train: *x\n');
  const option = ['space', 'show', 'spos-shufflenet-v2', '--option'];
  for (const [args, message] of [
    [['config', 'show', '-c', file], `error: ${file}:1:8: Expected valid YAML: the alias *x has no anchor`],
    [['config', 'show', '--set', 'train=*x'], 'error: --set train=*x: Expected valid YAML: the alias *x has'],
    [['space', 'validate', file], `${file}:1:8: Expected valid YAML: the alias *x has no anchor`],
    [[...option, 'blocks=*x'], 'error: --option blocks=*x: Expected valid YAML: the alias *x has no anchor'],
    [[...option, 'blocks=[1'], 'error: --option blocks=[1: Expected valid YAML: '],
    [[...option, '__proto__=1'], "error: Expected a known option for 'spos-shufflenet-v2'"],
  ] as const) {
    const { code, stdout, stderr } = await singlepath(args);
    assert.equal(code, 2, stderr);
    assert.ok(`${stdout}${stderr}`.startsWith(message), stdout + stderr);
    assert.doesNotMatch(stderr, /^ {4}at /m);
  }
});

test('a layer is what its YAML says, and every text is either read or refused with its place', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      const json = JSON.stringify(value);
      fc.pre(!json.includes('__proto__'));
      assert.equal(JSON.stringify(parseYaml(stringify(value), 'x').value), json);
    }),
    { numRuns: 100 },
  );
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...'&a *a [ ] { } : , - \n'.split(' '), 'x', '\n', ' ')),
      (parts) => {
        try {
          loadConfig({ base: [yamlSource(parts.join(''), 'my.yaml')] });
        } catch (error) {
          assert.ok(error instanceof SinglePathError, `${(error as Error).stack}`);
          assert.match(error.message, /^my\.yaml:\d+:\d+: /);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('a second document is refused where it begins', () => {
  const error = failure(() => yamlSource('seed: 1\n---\nseed: 2\n', 'my.yaml'));
  assert.equal(error.message, 'my.yaml:2:1: Expected one YAML document but another one begins here');
  assert.match(error.hint!, /a file of its own/);
});

test('a file may be in UTF-16, as PowerShell writes it, with a byte order mark or without', () => {
  const text = 'seed: 7 # größer\n';
  const little = Buffer.from(text, 'utf16le');
  const big = Buffer.from(little).swap16();
  const [markLittle, markBig, markUtf8] = [
    [0xff, 0xfe],
    [0xfe, 0xff],
    [0xef, 0xbb, 0xbf],
  ].map((mark) => Buffer.from(mark)) as [Buffer, Buffer, Buffer];
  const files = [
    [little],
    [big],
    [markLittle, little],
    [markBig, big],
    [markUtf8, Buffer.from(text)],
  ] as const;
  for (const bytes of files) {
    const path = temporaryFile('utf16.yaml', Buffer.concat(bytes));
    assert.deepEqual(fileSource(path).value, { seed: 7 });
  }
});

test('a file in another encoding is refused with its line: its letters would become other ones', () => {
  const path = temporaryFile('latin1.yaml', Buffer.from('seed: 1\ndata: {path: größer}\n', 'latin1'));
  const error = failure(() => fileSource(path));
  assert.equal(error.message, `${path}:2: Expected text in UTF-8 or UTF-16 but this line is neither`);
  assert.match(error.hint!, /save it as UTF-8/);
});

test('UTF-32, and text with a character that none has, is refused and not read as something else', () => {
  const text = 'seed: 1\ndata: {path: x}\n';
  const little = Buffer.concat([...text].map((letter) => Buffer.from([letter.charCodeAt(0), 0, 0, 0])));
  const marked = Buffer.concat([Buffer.from([0xff, 0xfe, 0, 0]), little]);
  const big = Buffer.from(little).swap32();
  for (const [bytes, line] of [
    [little, 1],
    [marked, 1],
    [big, 1],
    [Buffer.from('seed: 1\ndata: {path: "x\0"}\n'), 2],
  ] as const) {
    const path = temporaryFile('utf32.yaml', bytes);
    const error = failure(() => fileSource(path));
    assert.equal(error.message, `${path}:${line}: Expected text in UTF-8 or UTF-16 but this line is neither`);
  }
});
