import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { searchCommand } from '../../src/cli/commands/search.js';
import { checkDevices, withDevices } from '../../src/cli/common/devices.js';
import type { DevicesOptions } from '../../src/cli/common/latencyOptions.js';
import { loadConfig } from '../../src/config/load.js';
import { costStatistics } from '../../src/cost/statistics.js';
import { costTable } from '../../src/latency/cost/costTable.js';
import { readTable } from '../../src/latency/format/files.js';
import { predict } from '../../src/latency/predict.js';
import type { ConfirmControl } from '../../src/pipeline/latency/confirmLatency.js';
import { spaceOfTable } from '../../src/pipeline/latency/latencyTable.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { withoutAddon } from './native.js';
import { singlepath } from './run.js';
import { writeTiny } from './tiny.js';

const QUICK = [
  'warmUp=0.01',
  'maxTime=0.01',
  'paths=4',
  'maxPaths=4',
  'drift=1000',
  'repetitions=1',
  'finalists=1',
].flatMap((setting) => ['--set', `latency.${setting}`]);

it('a search under the latency of this machine, from its table to a measured winner; it resumes without the table', {
  skip: withoutAddon(),
}, async () => {
  const folder = temporaryFolder();
  const [here, elsewhere] = ['here', 'elsewhere'].map((name) => join(folder, name)) as [string, string];
  mkdirSync(elsewhere);
  const { config } = writeTiny(here);
  const run = async (cwd: string, ...args: string[]) => {
    const { code, stdout, stderr } = await singlepath([...args, '-q'], { cwd });
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const supernet = join(folder, 'supernet');
  await run(here, 'train', '-c', config, '-d', supernet);
  await run(here, 'latency', 'measure', '-c', config, '--out', 'tiny.lut', ...QUICK);
  const file = join(here, 'tiny.lut');
  const table = readTable(file);
  const space = spaceOfTable(table, file);
  const { min, max } = costStatistics(space, costTable(space, table));

  // Beside the configuration that names it, whatever folder the command runs in.
  const metric = 'latency[tiny.lut]';
  const constrained = join(here, 'constrained.yaml');
  const limited = (ns: number) =>
    writeFileSync(constrained, `search: {constraints: ['${metric}<=${Math.round(ns)}ns']}\n`);
  const runDir = join(folder, 'search');
  const search = (...args: string[]) => ['search', '--supernet', supernet, ...args, '--json', ...QUICK];
  limited(min / 2);
  const impossible = await singlepath(search('-c', constrained), { cwd: elsewhere });
  assert.equal(impossible.code, 4);
  // Far above all: a machine that is busy meanwhile keeps to it too.
  limited(100 * max);
  const first = JSON.parse(await run(elsewhere, ...search('-c', constrained, '-d', runDir)));
  const { architecture, costs, measured } = first.winner;
  assert.equal(
    Math.round(costs[metric]),
    Math.round(1e6 * predict(space, table, [architecture])[0]!.latencyMs),
  );
  assert.ok(measured[metric] > 0 && measured[metric] <= 100 * max);

  rmSync(here, { recursive: true });
  const again = JSON.parse(
    await run(elsewhere, ...search('-d', runDir, '--resume', '--set', 'search.generations=2')),
  );
  assert.ok(again.evaluated >= first.evaluated && again.winner.costs[metric] > 0);
  assert.deepEqual(readdirSync(join(runDir, 'tables')), ['1-tiny.lut']);
});

it('a table of libtorch’s kernels says so, and is verified with them', { skip: withoutAddon() }, async () => {
  const folder = temporaryFolder();
  const { config } = writeTiny(folder);
  const table = join(folder, 'aten.lut');
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await singlepath(['latency', ...args, '-q', ...QUICK]);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  await run('measure', '-c', config, '--kernels', 'aten', '--out', table);
  assert.match(readTable(table).header.environment.runtimeVersion, /^singlepath \S+, aten, libtorch /);
  assert.deepEqual(JSON.parse(await run('verify', table, '--paths', '2', '--json')).differs, []);
  const fused = await run('verify', table, '--paths', '2', '--json', '--set', 'runtime.kernels=fused');
  assert.match(JSON.parse(fused).differs.join(), /runtimeVersion: ".*, aten, .*" there/);
});

it('devices where nothing is measured are refused', () => {
  const check = (options: Partial<DevicesOptions>, ...set: string[]) =>
    checkDevices({ agent: [], runner: [], ...options }, loadConfig({ set }));
  const limited = 'search.constraints=["latency[pi]<=1ms"]';
  const refused = (message: RegExp) => ({ code: 'INVALID_ARGUMENT', message });
  assert.throws(() => check({ agent: ['x:1'] }), refused(/Expected a limit such as .* beside --agent/));
  assert.throws(() => check({ runner: ['a'] }, 'search.constraints=[madds<=1G]'), refused(/beside --runner/));
  assert.throws(
    () => check({ runner: ['a'] }, limited, 'latency.finalists=0'),
    refused(/latency\.finalists above 0/),
  );
  assert.throws(() => check({ tokenFile: 'x' }, limited), refused(/Expected --agent beside --token-file/));
  check({ agent: ['x:1'], runner: ['a'], tokenFile: 'x' }, limited);
  check({});
});

it('a search gets the agents and commands of its command line', async () => {
  const found = async (...args: string[]) => {
    let control: ConfirmControl | undefined;
    const command = searchCommand().action((options: DevicesOptions) => {
      control = withDevices({}, options, loadConfig({}));
    });
    await command.parseAsync(args, { from: 'user' });
    return control!;
  };
  assert.deepEqual(await found(), { runners: [], trust: undefined });
  const { runners, trust, openDevice } = await found(
    '--runner',
    'a',
    '--runner',
    'b',
    '--trust',
    '--agent',
    'x:1',
  );
  assert.deepEqual([runners, trust, typeof openDevice], [['a', 'b'], true, 'function']);
});
