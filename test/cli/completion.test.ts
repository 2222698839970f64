import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Command } from 'commander';
import { completionScript, SHELLS, type Shell } from '../../src/cli/common/completion.js';
import { createProgram } from '../../src/cli/program.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { inTerminal, inTurn, withoutTerminals } from './pseudoTerminal.js';
import { singlepath } from './run.js';

/** Why tests of a shell are skipped here; false where it is installed. */
function without(shell: Shell): string | false {
  return spawnSync(shell, ['-c', 'true']).status !== 0 && `${shell} is not installed`;
}

function scriptFile(shell: Shell): string {
  const file = join(temporaryFolder(), `completion.${shell}`);
  writeFileSync(file, completionScript(createProgram(), shell));
  return file;
}

/** What bash offers after some words, the last of which is being typed. */
function offered(...words: string[]): string[] {
  const script = `${completionScript(createProgram(), 'bash')}
COMP_WORDS=(singlepath ${words.map((word) => `'${word}'`).join(' ')})
COMP_CWORD=${words.length}
_singlepath
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { status, stdout, stderr } = spawnSync('bash', ['-c', script], {
    encoding: 'utf8',
    cwd: temporaryFolder(),
  });
  assert.equal(status, 0, stderr);
  return stdout.split('\n').filter((line) => line !== '');
}

test('bash completes commands, their own commands, options and the values of options', () => {
  assert.ok(['demo', 'train', 'search', 'latency'].every((name) => offered('').includes(name)));
  assert.deepEqual(offered('tra'), ['train']);
  assert.deepEqual(offered('space', 'va'), ['validate']);
  assert.deepEqual(offered('train', '--kern'), ['--kernels']);
  assert.deepEqual(offered('train', '--kernels', ''), ['fused', 'aten']);
  assert.deepEqual(offered('completion', '--'), ['--help']);
  assert.deepEqual(offered('completion', 'fi'), ['fish']);
  assert.ok(!offered('space', 'list', '--').includes('--supernet'));
});

/** Every command with the words that call it: `latency measure`. */
function commandsOf(command: Command, words: readonly string[] = []): [words: readonly string[], Command][] {
  const below = command.commands.flatMap((child) => commandsOf(child, [...words, child.name()]));
  return [[words, command], ...below];
}

test('bash offers every command its own commands and options, and no others', () => {
  for (const [words, command] of commandsOf(createProgram())) {
    const options = command.options.map(({ long }) => long!);
    assert.deepEqual(offered(...words, '--').sort(), [...options, '--help'].sort(), words.join(' '));
    const next = offered(...words, '');
    for (const child of command.commands) assert.ok(next.includes(child.name()), `${words} ${child.name()}`);
  }
});

test('the scripts of all shells know every command and every option', () => {
  for (const shell of SHELLS) {
    const script = completionScript(createProgram(), shell);
    const known = new Set(script.match(/[\w-]+/g)!.map((word) => word.replace(/^-+/, '')));
    for (const [words, command] of commandsOf(createProgram())) {
      for (const name of [...words, ...command.options.map(({ long }) => long!.slice(2))])
        assert.ok(known.has(name), `${shell}: ${words.join(' ')} ${name}`);
    }
  }
});

for (const shell of SHELLS) {
  test(`${shell} reads its script`, { skip: without(shell) }, () => {
    const { status, stderr } = spawnSync(shell, ['-n', scriptFile(shell)], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  });
}

/** Words that have one completion. */
const ONE: readonly [typed: string, completed: string][] = [
  ['tra', 'train'],
  ['space va', 'space validate'],
  ['train --kern', 'train --kernels'],
  ['train --kernels fu', 'train --kernels fused'],
  ['train --config note', 'train --config notes.yaml'],
  ['completion fi', 'completion fish'],
];

test('fish completes commands, options, their values and files', { skip: without('fish') }, () => {
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, 'notes.yaml'), '');
  const file = scriptFile('fish');
  const lines = ['', ...ONE.map(([typed]) => typed), 'space list --'];
  const commands = lines.map((line) => `complete -C 'singlepath ${line}'; echo ---`);
  const { status, stdout, stderr } = spawnSync('fish', ['-c', [`source ${file}`, ...commands].join('\n')], {
    encoding: 'utf8',
    cwd,
    env: { ...process.env, HOME: cwd, XDG_CONFIG_HOME: cwd },
  });
  assert.equal(status, 0, stderr);
  const offers = stdout.split('---\n').map((part) =>
    part
      .split('\n')
      .slice(0, -1)
      .map((line) => line.split('\t')[0]!),
  );
  assert.ok(['demo', 'train', 'search', 'latency'].every((name) => offers[0]!.includes(name)));
  assert.deepEqual(
    offers.slice(1, 1 + ONE.length),
    ONE.map(([, completed]) => [completed.split(' ').at(-1)]),
  );
  assert.deepEqual(offers[1 + ONE.length], ['--help', '--json']);
});

for (const how of ['sourced', 'as a file of fpath'] as const) {
  test(`zsh completes commands, options, their values and files: ${how}`, {
    skip: without('zsh') || withoutTerminals(),
  }, async () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'notes.yaml'), '');
    const functions = temporaryFolder();
    cpSync(scriptFile('zsh'), join(functions, '_singlepath'));
    const setUp = [
      'PROMPT=\'> \'; setopt no_list_beep; bindkey -e; singlepath() { print -r -- "ran <$*>" }',
      ...(how === 'sourced' ? [] : [`fpath=(${functions} $fpath)`]),
      'autoload -Uz compinit; compinit -u -D',
      ...(how === 'sourced' ? [`source ${functions}/_singlepath`] : []),
      'print set up',
    ];
    // Tab completes, and Enter runs the line; the last line is a list, which Ctrl-U leaves.
    const { output } = await inTerminal(['env', 'TERM=dumb', 'zsh', '-f', '-i'], {
      cwd,
      columns: 200,
      type: inTurn(
        ['', `${setUp.join('; ')}\r`],
        ['\nset up', ONE.map(([typed]) => `singlepath ${typed}\t\r`).join('')],
        [`<${ONE.at(-1)![1]}`, 'singlepath space \t'],
        ['validate  -- check', '\x15exit\r'],
      ),
    });
    const ran = [...output.matchAll(/\nran <(.*?) ?>/g)].map(([, words]) => words);
    assert.deepEqual(
      ran,
      ONE.map(([, completed]) => completed),
      output,
    );
    assert.match(output, /list {6}-- list the built-in search spaces/);
  });
}

test('singlepath completion prints a script, and knows three shells', async () => {
  const { stdout } = await singlepath(['completion', 'fish']);
  assert.match(stdout, /^complete -c singlepath .* -l kernels -x -a 'fused aten'/m);
  const { code, stderr } = await singlepath(['completion', 'csh']);
  assert.equal(code, 2);
  assert.match(stderr, /Allowed choices are bash, zsh, fish/);
});

test('the help lists commands in groups', async () => {
  const { stdout } = await singlepath(['--help']);
  const headings = [...stdout.matchAll(/^(\S.*):$/gm)].map(([, heading]) => heading);
  assert.deepEqual(
    headings.filter((heading) => !['Options', 'Examples', 'Exit codes'].includes(heading!)),
    ['Start', 'Step by step', 'Look at runs', 'Data, spaces, costs and latency', 'Set up', 'Commands'].filter(
      (heading) => headings.includes(heading),
    ),
  );
  assert.ok(headings.indexOf('Start') < headings.indexOf('Set up'));
});
