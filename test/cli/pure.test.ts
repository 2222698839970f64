import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { configOf } from '../../src/cli/common/configOf.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { singlepath, temporaryFile } from './run.js';

const ALL_0 = Array(20).fill(0).join(',');

test('cost --json prints architecture, madds and params; the figures are those of the paper', async () => {
  const arch = '2,1,0,1,2,0,2,0,2,0,2,3,0,0,0,0,3,2,3,3';
  const { code, stdout, stderr } = await singlepath(['cost', 'spos-shufflenet-v2', '--arch', arch, '--json']);
  assert.equal(code, 0);
  assert.equal(stderr, '');
  const architecture = arch.split(',').map(Number); // `arch` is its earlier name
  assert.deepEqual(JSON.parse(stdout), [
    { architecture, arch: architecture, madds: 322_918_720, params: 3_558_464 },
  ]);
});

test('cost counts other input sizes and classes', async () => {
  const args = ['cost', 'spos-shufflenet-v2', '--arch', ALL_0, '--json', '--classes', '10'];
  const [ten] = JSON.parse((await singlepath(args)).stdout);
  assert.equal(ten.params, 3_154_880 - 990 * 1024);
  const [small] = JSON.parse((await singlepath([...args, '--input-size', '32'])).stdout);
  assert.equal(small.params, ten.params);
  assert.ok(small.madds < ten.madds / 40);
});

test('cost --archs takes lists, objects and objects per space', async () => {
  const genes = [2, 2, 2, 1, 2, 2, 2, 0];
  for (const content of [
    [genes],
    [{ arch: genes }],
    ['22212220'],
    { 'nas-bench-macro': [{ blocks: genes }] },
  ]) {
    const file = temporaryFile('archs.json', JSON.stringify(content));
    const { stdout } = await singlepath(['cost', 'nas-bench-macro', '--archs', file, '--json']);
    assert.deepEqual(JSON.parse(stdout), [
      { architecture: genes, arch: genes, madds: 85_164_544, params: 1_985_514 },
    ]);
  }
});

test('cost reproduces every check value', async () => {
  const file = resolve('test/vectors/costs.json');
  const { _comment, ...spaces } = JSON.parse(readFileSync(file, 'utf8'));
  for (const [space, entries] of Object.entries(spaces) as [string, { madds: number; params: number }[]][]) {
    const { stdout } = await singlepath(['cost', space, '--archs', file, '--json']);
    const costs = (list: { madds: number; params: number }[]) =>
      list.map(({ madds, params }) => [madds, params]);
    assert.deepEqual(costs(JSON.parse(stdout)), costs(entries), space);
  }
});

test('cost of a quantized space has BitOps', async () => {
  const { stdout } = await singlepath(['cost', 'spos-resnet18-mixed', '--arch', '1,1,1,1,1,1,1,1', '--json']);
  const [{ bitops }] = JSON.parse(stdout);
  assert.equal((bitops / 2 ** 30).toFixed(3), '6.316'); // 2 weight bits, 2 feature bits
});

test('text output is an aligned table', async () => {
  const { stdout } = await singlepath([
    'cost',
    'nas-bench-macro',
    '--arch',
    '22212220',
    '--arch',
    '00000000',
  ]);
  const lines = stdout.trimEnd().split('\n');
  assert.equal(lines.length, 4);
  assert.equal(new Set(lines.map((line) => line.length)).size, 1);
  assert.match(stdout, /85,164,544 +1,985,514/);
});

test('space list, show and stats', async () => {
  const list = JSON.parse((await singlepath(['space', 'list', '--json'])).stdout);
  assert.ok(list.some(({ name }: { name: string }) => name === 'spos-shufflenet-v2'));
  for (const { name } of list) {
    const { code, stdout } = await singlepath(['space', 'show', name]);
    assert.equal(code, 0, name);
    assert.match(stdout, new RegExp(`^${name}: `));
  }
  const stats = JSON.parse((await singlepath(['space', 'stats', 'spos-shufflenet-v2', '--json'])).stdout);
  assert.equal(stats.architectures, String(4 ** 20));
  const [{ min, max, mean }] = stats.costs;
  assert.deepEqual([min, max, mean], [270_359_360, 398_609_216, 327_174_272]);
});

test('space stats --constraint counts the architectures that meet it, and proves that none does', async () => {
  const run = (...limits: string[]) =>
    singlepath(['space', 'stats', 'nas-bench-macro', ...limits.flatMap((limit) => ['--constraint', limit])]);
  const { stdout } = await run('madds<=50M', 'params<=1.2M');
  assert.match(stdout, /^madds<=50M and params<=1\.2M: 1,121 architectures \(17\.09 %\), exact$/m);
  const { code, stderr } = await run('madds<=5M');
  assert.equal(code, 4);
  assert.match(stderr, /smallest madds possible is 7713280/);
});

test('a reader that closes early is no failure', () => {
  const command = `'${process.execPath}' dist/src/cli/main.js space show spos-shufflenet-v2-joint --json`;
  const { status, stderr } = spawnSync('sh', ['-c', `(${command}; echo $? >&2) | true`], {
    encoding: 'utf8',
  });
  assert.equal(status, 0);
  assert.equal(stderr, '0\n');
});

test('wrong architectures and spaces are explained', async () => {
  for (const [args, said] of [
    [['cost', 'spos-shuflenet-v2', '--arch', '0'], /hint: did you mean 'spos-shufflenet-v2'\?/],
    [['cost', 'nas-bench-macro', '--arch', '0,0,0,0,0,0,0,3'], /Expected an integer from 0 to 2 for gene 7/],
    [['cost', 'nas-bench-macro', '--arch', '0,0'], /Expected 8 genes .* but received 2/],
    [['cost', 'nas-bench-macro', '--arch', 'a,b'], /Expected genes such as 0,0,0,0,0,0,0,0/],
    [['cost', 'nas-bench-macro'], /Expected --arch GENES or --archs FILE/],
    [['cost', 'nas-bench-macro', '--archs', '/no/such.json'], /Expected a readable JSON file/],
    [['cost', 'spos-shufflenet-v2', '--arch', ALL_0, '--option', 'blocks=1'], /Expected a known option/],
    [['cost', 'nas-bench-macro', '--archs', temporaryFile('none.json', '[]')], /at least one architecture/],
    [['cost', 'nas-bench-macro', '--input-size', '-3'], /Expected a positive whole number/],
    [['space', 'show', 'no-such.yaml'], /Expected a readable space file at 'no-such\.yaml'/],
    [
      ['search', '--supernet', '/no/such'],
      /but there is no such folder\nhint: make one with `singlepath train/,
    ],
    [
      ['search', '--supernet', '/tmp'],
      /but it has no run\.json\nhint: give the folder that was its --run-dir/,
    ],
    [
      ['evaluate', '/no/such', '--confusion', '/no/folder/c.csv'],
      /Expected a folder for --confusion '.*' but there is no '\/no\/folder'/,
    ],
    [['train', '--resume', '-d', '/no/such'], /Expected a run to go on with in '\/no\/such' but it has none/],
  ] as const) {
    const { code, stdout, stderr } = await singlepath(args);
    assert.equal(code, 2, args.join(' '));
    assert.match(stderr, said);
    assert.equal(stdout, '');
  }
});

test('config validate names file, line and column, and exits 2', async () => {
  const good = temporaryFile('good.yaml', 'space:\n  name: spos-shufflenet-v2-28\n');
  const bad = temporaryFile('bad.yaml', 'space:\n  name: nas-bench-macro\ntrain:\n  step: 1\n');
  const { code, stdout } = await singlepath(['config', 'validate', good, bad]);
  assert.equal(code, 2);
  assert.match(stdout, /good\.yaml: ok/);
  assert.match(
    stdout,
    /bad\.yaml:4:3: Expected a known key for train but received 'step'\nhint: did you mean 'steps'/,
  );
  const results = JSON.parse((await singlepath(['config', 'validate', good, bad, '--json'])).stdout);
  assert.deepEqual(Object.keys(results[0]), ['file']);
  assert.match(results[1].error, /bad\.yaml:4:3/);
});

test('config validate checks the space and the constraints too', async () => {
  for (const [content, said] of [
    ['space: {name: nas-bench-marco}', /did you mean 'nas-bench-macro'/],
    ['space: {name: nas-bench-macro}\nsearch: {constraints: [mads<=3M]}', /did you mean 'madds'/],
    [
      'space: {name: nas-bench-macro}\nsearch: {constraints: [madds<=1M]}',
      /smallest madds possible is 7713280/,
    ],
    ['train: {steps: 1}', /Expected space\.name or space\.file/],
  ] as const) {
    const { code, stdout } = await singlepath(['config', 'validate', temporaryFile('bad.yaml', content)]);
    assert.equal(code, 2);
    assert.match(stdout, said);
  }
});

test('config validate says no where a configuration can never run, and what is missing where it cannot run yet', async () => {
  const alone = await singlepath(['config', 'validate', 'configs/spaces/nas-bench-macro.yaml']);
  assert.equal(alone.code, 2);
  assert.match(alone.stdout, /Expected images of 3 x 32 x 32 .* but 'fashion-mnist' has 1 x 28 x 28/);
  const recipe = temporaryFile('recipe.yaml', 'data: {kind: cifar10, path: no/such/folder}\n');
  const args = ['config', 'validate', '-c', recipe, 'configs/spaces/nas-bench-macro.yaml'];
  const { code, stdout } = await singlepath(args);
  assert.equal(code, 0, stdout);
  assert.match(
    stdout,
    /macro\.yaml: ok, but its images are not here: Expected a data file at '\/.*\/no\/such\/folder/,
  );
  const [{ missing }] = JSON.parse((await singlepath([...args, '--json'])).stdout);
  assert.match(missing, /no\/such\/folder/);
});

test('config validate names settings that have no effect, and refuses those of another algorithm', async () => {
  const space = 'space: {name: spos-shufflenet-v2-28}\n';
  const foreign = temporaryFile('foreign.yaml', `${space}search:\n  objectives: [accuracy, params]\n`);
  const refused = await singlepath(['config', 'validate', foreign]);
  assert.equal(refused.code, 2);
  assert.match(
    refused.stdout,
    /foreign\.yaml:3:3: Expected no search\.objectives, as search\.algorithm is "evolution"\nhint/,
  );
  const show = ['config', 'show', '-c', 'configs/demo.yaml', '--set', 'search.algorithm=nsga2'];
  const whole = await singlepath([
    'config',
    'validate',
    temporaryFile('whole.yaml', (await singlepath(show)).stdout),
  ]);
  assert.equal(whole.code, 0, whole.stdout);
  assert.match(whole.stdout, /search\.mutations has no effect, as search\.algorithm is "nsga2"/);
  const file = temporaryFile('ignored.yaml', `${space}train:\n  epochs: 1\n  steps: 3\n`);
  const { code, stdout } = await singlepath(['config', 'validate', file]);
  const warning = 'ignored.yaml:4:3: train.steps has no effect, as train.epochs is 1';
  assert.equal(code, 0, stdout);
  assert.ok(stdout.startsWith(`${file}: ok\nwarning: `) && stdout.includes(warning), stdout);
  const [{ ignored }] = JSON.parse((await singlepath(['config', 'validate', file, '--json'])).stdout);
  assert.ok(ignored.length === 1 && ignored[0].endsWith(warning), ignored);
});

test('config validate searches folders', async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'inner'));
  for (const name of ['a.yaml', 'inner/b.yml', 'c.txt']) {
    writeFileSync(join(folder, name), 'space: {name: spos-shufflenet-v2-28}\n');
  }
  const { code, stdout } = await singlepath(['config', 'validate', folder, 'configs/demo.yaml']);
  assert.equal(code, 0, stdout);
  assert.deepEqual(stdout.match(/\w+\.ya?ml: ok/g), ['a.yaml: ok', 'b.yml: ok', 'demo.yaml: ok']);
});

test('config show reads back, --set included', async () => {
  const { stdout } = await singlepath([
    'config',
    'show',
    '-c',
    'configs/demo.yaml',
    '--set',
    'train.steps=7',
    '--seed',
    '5',
  ]);
  const again = temporaryFile('again.yaml', stdout);
  const config = JSON.parse((await singlepath(['config', 'show', '-c', again, '--json'])).stdout);
  assert.deepEqual([config.train.steps, config.train.epochs, config.seed], [7, null, 5]);
});

test('switches stand for settings: over files, under --set', () => {
  const file = temporaryFile('my.yaml', 'runtime: {kernels: fused}\nevaluate: {memory: 100}\n');
  const config = (set: string[]) =>
    configOf({ config: [file], set, seed: 3, kernels: 'aten', evaluationMemory: '4GB' });
  const { seed, runtime, evaluate } = config([]);
  assert.deepEqual([seed, runtime.kernels, evaluate.memory], [3, 'aten', 4096]);
  assert.equal(config(['runtime.kernels=fused']).runtime.kernels, 'fused');
});

test('a search whose constraints cannot be met ends with 4 before anything is loaded', async () => {
  const run = temporaryFolder();
  mkdirSync(run, { recursive: true });
  writeFileSync(join(run, 'run.json'), JSON.stringify({ format: 1, kind: 'train', identity: {} }));
  writeFileSync(join(run, 'config.yaml'), 'space:\n  name: spos-shufflenet-v2\n');
  const { code, stdout, stderr } = await singlepath([
    'search',
    '--supernet',
    run,
    '--constraint',
    'madds<=200M',
    '--json',
  ]);
  assert.equal(code, 4);
  assert.equal(JSON.parse(stdout).error.code, 'INFEASIBLE_CONSTRAINT');
  assert.match(stderr, /270,?359,?360|270\.4M/, 'the smallest possible value');
  const typo = await singlepath(['search', '--supernet', run, '--constraint', 'mads<=1']);
  assert.equal(typo.code, 2);
  assert.match(typo.stderr, /did you mean 'madds'/);
});

test('a search says which limits of its supernet the option has put out of force', async () => {
  const run = temporaryFolder();
  mkdirSync(run, { recursive: true });
  writeFileSync(join(run, 'run.json'), JSON.stringify({ format: 1, kind: 'train', identity: {} }));
  const search = async (kept: string[]) => {
    const config = { space: { name: 'spos-shufflenet-v2' }, search: { constraints: kept } };
    writeFileSync(join(run, 'config.yaml'), JSON.stringify(config));
    return (await singlepath(['search', '--supernet', run, '--constraint', 'madds<=200M'])).stderr;
  };
  assert.match(
    await search(['flops<=330M', 'params<=4M']),
    /warning: --constraint .* place of params<=4M of/,
  );
  assert.doesNotMatch(await search(['flops<=330M']), /takes the place/);
});

test('without the addon, commands that need it end with 3 and say what to do', async () => {
  const { code, stderr } = await singlepath(['train', '--set', 'space.name=spos-shufflenet-v2-28'], {
    node: [
      '--import',
      "data:text/javascript,import m from 'node:module'; m._extensions['.node'] = () => { throw new Error('not for this machine'); }",
    ],
  });
  assert.equal(code, 3);
  assert.match(stderr, /Expected the native addon/);
  assert.match(stderr, /hint: run `npx singlepath build`/);
});
