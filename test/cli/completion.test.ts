import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { completionScript, SHELLS } from '../../src/cli/common/completion.js';
import { createProgram } from '../../src/cli/program.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { singlepath } from './run.js';

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
  assert.ok(!offered('space', 'list', '--').includes('--supernet'));
});

test('every command and every option that is parsed is in the scripts', () => {
  const program = createProgram();
  for (const shell of SHELLS) {
    const script = completionScript(program, shell);
    for (const command of program.commands) {
      assert.ok(script.includes(command.name()), command.name());
      for (const { long } of command.options)
        assert.ok(script.includes(long!.slice(2)), `${command.name()} ${long}`);
    }
  }
});

for (const shell of SHELLS) {
  const there = spawnSync(shell, ['-c', 'true']).status === 0;
  test(`${shell} reads its script`, { skip: !there && `${shell} is not installed` }, () => {
    const file = join(temporaryFolder(), `completion.${shell}`);
    writeFileSync(file, completionScript(createProgram(), shell));
    const { status, stderr } = spawnSync(shell, ['-n', file], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
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
