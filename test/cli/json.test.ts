import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../../src/core/packageRoot.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { assertJson } from './jsonSchema.js';
import { singlepath, temporaryFile } from './run.js';
import { TINY_SPACE } from './tiny.js';

const root = packageRoot();
const folder = join(root, 'docs', 'json');

test('docs/json/ has the schemas of the types', async () => {
  const { jsonSchemas } = await import(pathToFileURL(join(root, 'scripts', 'json-docs.mjs')).href);
  const schemas: Record<string, unknown> = jsonSchemas();
  assert.deepEqual(readdirSync(folder).sort(), Object.keys(schemas).sort());
  for (const [file, schema] of Object.entries(schemas)) {
    // Descriptions are those of the docstrings: written anew when something else changes.
    const without = (text: string) =>
      JSON.parse(text, (key, value) => (key === 'description' ? undefined : value));
    const written = readFileSync(join(folder, file), 'utf8');
    assert.deepEqual(
      without(written),
      without(JSON.stringify(schema)),
      `${file}: node scripts/json-docs.mjs writes it`,
    );
  }
});

test('docs/json.md lists every one', () => {
  const page = readFileSync(join(root, 'docs', 'json.md'), 'utf8');
  const listed = [...page.matchAll(/\(json\/([\w-]+\.schema\.json)\)/g)].map(([, file]) => file!);
  assert.deepEqual(listed.sort(), readdirSync(folder).sort());
});

test('what commands print is what the schemas say', async () => {
  const space = temporaryFile('space.yaml', TINY_SPACE);
  const bad = temporaryFile('bad.yaml', 'train: {stesp: 1}\n');
  const commands: [string, string[]][] = [
    ['cost', ['nas-bench-macro', '--arch', '22212220', '--arch', '00000000']],
    ['cost', ['spos-resnet18-mixed-cifar', '--arch', '0,0,0,0,0,0,0,0']],
    ['space list', []],
    ['space show', [space]],
    ['space show', ['spos-resnet18-joint-cifar']],
    ['space stats', ['nas-bench-macro', '--constraint', 'madds<=60M']],
    ['space validate', [space, bad]],
    ['config validate', [bad]],
    ['doctor', []],
  ];
  for (const [command, args] of commands) {
    const { code, stdout, stderr } = await singlepath([...command.split(' '), ...args, '--json']);
    assert.notEqual(code, 1, stderr);
    assertJson(command, JSON.parse(stdout));
  }
});

test('an architecture is called architecture, and arch in cost as before', async () => {
  const { stdout } = await singlepath(['cost', 'nas-bench-macro', '--arch', '22212220', '--json']);
  const [{ architecture, arch }] = JSON.parse(stdout);
  assert.deepEqual(architecture, [2, 2, 2, 1, 2, 2, 2, 0]);
  assert.deepEqual(arch, architecture);
});

test('errors are one JSON document on stdout, and the same text on stderr as without --json', async () => {
  const missing = join(temporaryFolder(), 'none');
  const failures: [string[], number, string, RegExp][] = [
    [
      ['config', 'show', '--set', 'train.stesp=5'],
      2,
      'INVALID_CONFIG',
      /known key for train but received 'stesp'/,
    ],
    [['cost', 'nas-bench-macr', '--arch', '0'], 2, 'INVALID_ARGUMENT', /known search space/],
    [['evaluate', missing], 2, 'INVALID_ARGUMENT', /no such folder/],
    [['space', 'stats', 'nas-bench-macro', '--constraint', 'madds<=1'], 4, 'INFEASIBLE_CONSTRAINT', /madds/],
    [['cost', 'nas-bench-macro', '--classes', 'many'], 2, 'INVALID_ARGUMENT', /--classes/],
    [['trian'], 2, 'INVALID_ARGUMENT', /unknown command/],
  ];
  for (const [args, exitCode, code, message] of failures) {
    const { code: ended, stdout, stderr } = await singlepath([...args, '--json']);
    assert.equal(ended, exitCode, stderr);
    const document = JSON.parse(stdout);
    assertJson('error', document);
    assert.equal(document.error.code, code, `${args}`);
    assert.match(document.error.message, message);
    const plain = await singlepath(args);
    assert.equal(plain.stdout, '');
    assert.equal(plain.stderr, stderr);
    assert.ok(stderr.includes(`error: ${document.error.message}`), stderr);
  }
});

test('the example of docs/json.md is what the command prints', async () => {
  const page = readFileSync(join(root, 'docs', 'json.md'), 'utf8');
  const example = JSON.parse(/```json\n([^`]*)```/.exec(page)![1]!);
  const { stdout } = await singlepath(['config', 'show', '--set', 'train.stesp=5', '--json']);
  assert.deepEqual(JSON.parse(stdout), example);
});
