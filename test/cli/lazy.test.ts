import assert from 'node:assert/strict';
import { test } from 'node:test';
import { singlepath } from './run.js';

// What process.report lists at exit is what the process mapped. A time limit would only measure the machine.
const HOOK = [
  'data:text/javascript,',
  "process.on('exit', () => process.stderr.write('\\nMAPPED ' + JSON.stringify(process.report.getReport().sharedObjects)))",
].join('');

async function mapped(args: readonly string[]): Promise<string[]> {
  const { stderr } = await singlepath(args, { node: ['--import', HOOK] });
  return JSON.parse(stderr.slice(stderr.lastIndexOf('MAPPED ') + 7)) as string[];
}

const isNative = (file: string): boolean => /torch|c10|singlepath\.node/.test(file.replace(/^.*\//, ''));

for (const args of [
  ['--help'],
  ['train', '--help'],
  ['space', 'list'],
  ['space', 'stats', 'spos-shufflenet-v2-28'],
  ['cost', 'nas-bench-macro', '--arch', '22212220'],
  ['config', 'show'],
  ['search', '--supernet', '/no/such/run'],
]) {
  test(`singlepath ${args.join(' ')} does not load libtorch`, async () => {
    assert.deepEqual((await mapped(args)).filter(isNative), []);
  });
}

test('doctor loads it, where it is built', async (t) => {
  const { code } = await singlepath(['doctor']);
  if (code !== 0) return t.skip('the addon is not built here');
  assert.ok((await mapped(['doctor'])).some(isNative));
});

test('a built-in space is costed without loading what reads and checks YAML, which takes longer than all the rest', async () => {
  const hook = `data:text/javascript,
    import { register } from 'node:module';
    register('data:text/javascript,' + encodeURIComponent(
      'export async function load(url, context, next) { console.error("LOADED " + url); return next(url, context); }'));`;
  const loaded = async (args: readonly string[]) =>
    (await singlepath(args, { node: ['--import', hook] })).stderr;
  const heavy = /LOADED .*node_modules\/(zod|yaml)\//;
  for (const args of [
    ['--help'],
    ['space', 'list'],
    ['space', 'show', 'nas-bench-macro'],
    ['cost', 'nas-bench-macro', '--arch', '22212220', '--input-size', '32'],
  ]) {
    const modules = await loaded(args);
    assert.match(modules, /LOADED .*program\.js/);
    assert.doesNotMatch(modules, heavy, args.join(' '));
  }
  assert.match(await loaded(['space', 'show', 'examples/spaces/small-mixed.yaml']), heavy);
});
