import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command } from 'commander';
import { createProgram } from '../../src/cli/program.js';
import { singlepath } from './run.js';

/** `train`, `space list`, … */
function commandPaths(command: Command, above: readonly string[] = []): string[][] {
  return command.commands.flatMap((child) => {
    const path = [...above, child.name()];
    return [path, ...commandPaths(child, path)];
  });
}

const paths = commandPaths(createProgram());

test('all commands are there', () => {
  const names = paths.map((path) => path.join(' '));
  for (const name of [
    ...['demo', 'train', 'search', 'retrain', 'evaluate', 'export', 'run', 'cost', 'rank', 'doctor'],
    ...['build', 'agent'],
    ...['space list', 'space show', 'space stats', 'space validate', 'config validate', 'config show'],
    ...['measure', 'verify', 'calibrate', 'predict', 'show', 'lint', 'diff', 'import', 'export'].map(
      (name) => `latency ${name}`,
    ),
  ]) {
    assert.ok(names.includes(name), name);
  }
});

for (const path of [[], ...paths]) {
  test(`singlepath ${[...path, '--help'].join(' ')} shows examples and exit codes`, async () => {
    const { code, stdout, stderr } = await singlepath([...path, '--help']);
    assert.equal(code, 0);
    assert.equal(stderr, '');
    assert.match(stdout, new RegExp(`^Usage: ${['singlepath', ...path].join(' ')}`));
    assert.match(stdout, /^Examples:\n {2}\$ singlepath /m);
    assert.match(stdout, /^Exit codes:\n {2}0 {4}done$/m);
    assert.doesNotMatch(stdout, /\(default: \[\]\)/);
    assert.equal(/^ {2}130 .*--resume/m.test(stdout), /^ +--resume /m.test(stdout), 'only where it exists');
  });
}

test('switches for kernels and memory are on the commands that use them', () => {
  const commandsWith = (option: string): string[] =>
    createProgram()
      .commands.filter(({ options }) => options.some(({ long }) => long === option))
      .map((command) => command.name())
      .sort();
  assert.deepEqual(commandsWith('--kernels'), [
    'demo',
    'evaluate',
    'rank',
    'retrain',
    'run',
    'search',
    'train',
  ]);
  assert.deepEqual(commandsWith('--evaluation-memory'), ['demo', 'rank', 'run', 'search']);
});

test('mistyped commands and options are usage errors that say what was meant', async () => {
  for (const [args, said] of [
    [['trian'], /unknown command 'trian'\n\(Did you mean train\?\)/],
    [['space', 'lst'], /unknown command 'lst'\n\(Did you mean list\?\)/],
    [['train', '--resum'], /unknown option '--resum'\n\(Did you mean --resume\?\)/],
    [['cost'], /missing required argument 'space'/],
    [['search'], /Expected --supernet FOLDER/],
    [['train', '--seed', 'x'], /option '--seed <number>' argument 'x' is invalid. Expected a whole number/],
    [
      ['train', '--kernels', 'fussed'],
      /--kernels: Expected one of fused, aten for runtime\.kernels but received 'fussed'\nhint: did you mean 'fused'/,
    ],
    [
      ['demo', '--evaluation-memory', 'much'],
      /--evaluation-memory: Expected MiB, or a size such as 512MB or 4GB, for evaluate\.memory but received 'much'/,
    ],
    [['train', '-q', '-v'], /cannot be used with option/],
  ] as const) {
    const { code, stdout, stderr } = await singlepath(args);
    assert.equal(code, 2, args.join(' '));
    assert.match(stderr, said);
    assert.equal(stdout, '', 'nothing but data goes to stdout');
  }
});
