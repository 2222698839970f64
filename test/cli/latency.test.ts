import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '../../src/config/load.js';
import { costStatistics } from '../../src/cost/statistics.js';
import { costTable } from '../../src/latency/cost/costTable.js';
import { readTable, writeTable } from '../../src/latency/format/files.js';
import { spaceRows } from '../../src/latency/rows.js';
import type { ConfirmControl } from '../../src/pipeline/latency/confirmLatency.js';
import { runSearch } from '../../src/pipeline/runSearch.js';
import { runTrain } from '../../src/pipeline/runTrain.js';
import { getSpace } from '../../src/space/spaces/catalog.js';
import { madeUpTable } from '../latency/tables.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { withoutAddon } from './native.js';
import { MAIN, singlepath } from './run.js';

const folder = temporaryFolder();
const name = 'spos-shufflenet-v2-28';
const space = getSpace(name);
const keys = new Set(spaceRows(space).rows.map(({ key }) => key));
const skip = withoutAddon();

/** A device without noise: a network takes a millisecond a byte of its file, a constant and the sum of its blocks. */
const BYTES = 'wc -c < {torchscript}';
const OWN = ['--runner', BYTES];
const QUICK = ['--set', 'latency.repetitions=1', '--set', 'latency.sentinelEvery=1000', '-q'];

async function ok(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await singlepath(['latency', ...args]);
  assert.equal(code, 0, stderr);
  return stdout;
}

describe('a device behind a command', { skip }, () => {
  const table = join(folder, 'bytes.lut');

  it('is measured, calibrated and verified; the table predicts networks it has not seen', async () => {
    const said = await ok(
      ...['measure', '--space', name, '--runner', BYTES, '--device', 'disk', '--out', table, ...QUICK],
    );
    assert.match(said, /rows, error of the medians not known, /);
    const { header, rows } = readTable(table);
    assert.deepEqual(new Set(rows.map(({ key }) => key)), keys);
    assert.deepEqual([header.environment.runtime, header.environment.device], ['runner', 'disk']);
    const verify = async () =>
      JSON.parse(await ok('verify', table, '--paths', '6', '--json', ...OWN, ...QUICK));
    const before = await verify();
    await ok('calibrate', table, '--paths', '6', ...OWN, ...QUICK);
    const after = await verify();
    assert.ok(
      after.accuracy.mape < 1 && after.accuracy.mape < before.accuracy.mape / 10,
      JSON.stringify(after.accuracy),
    );
    assert.ok(after.accuracy.kendall > 0.8);
    assert.ok(Math.abs(readTable(table).header.accuracy!.mape - after.accuracy.mape) < 1e-9);
    assert.deepEqual(after.differs, []);
    const [prediction] = JSON.parse(await ok('predict', table, '--arch', '00000000', '--json'));
    assert.deepEqual(Object.keys(prediction), ['arch', 'architecture', 'latencyMs', 'rawMs', 'rows']);
    assert.equal(prediction.rows.length, space.layers.length);
  });

  it('fails above the error allowed', async () => {
    const { code } = await singlepath([
      'latency',
      'verify',
      table,
      '--paths',
      '3',
      '--fail-above',
      '0',
      '--trust',
      ...QUICK,
    ]);
    assert.equal(code, 1);
  });

  it('verifies with the command and the pattern of its table, also where all networks take the same time', async () => {
    const same = join(folder, 'same.lut');
    const { header, rows } = readTable(table);
    const environment = {
      ...header.environment,
      runtimeVersion: 'echo "t=5 of 9" # {torchscript}',
      runnerPattern: 't=([0-9]+)',
    };
    await writeTable(same, { header: { ...header, environment }, rows });
    const { networks, differs } = JSON.parse(
      await ok('verify', same, '--paths', '3', '--json', '--trust', ...QUICK),
    );
    assert.deepEqual(
      [networks.map(({ measured }: { measured: number }) => measured), differs],
      [[5, 5, 5], []],
    );
    const { kendall, spearman } = readTable(same).header.accuracy!;
    assert.deepEqual([kendall, spearman], [null, null]);
    const again = ['--runner', environment.runtimeVersion, ...QUICK];
    assert.match(await ok('verify', same, '--paths', '3', ...again), /Kendall's tau +- +-\n/);
    assert.match(await ok('show', same), /its time by \/t=\(\[0-9\]\+\)\//);
  });

  it('that only a table names is not run', async () => {
    const foreign = join(folder, 'foreign.lut');
    const ran = join(folder, 'ran');
    const { header, rows } = readTable(table);
    const environment = { ...header.environment, runtimeVersion: `touch ${ran}; echo 1 # {torchscript}` };
    await writeTable(foreign, { header: { ...header, environment }, rows });
    for (const command of ['verify', 'calibrate']) {
      const { code, stderr } = await singlepath(['latency', command, foreign, '--paths', '3', ...QUICK]);
      assert.equal(code, 2);
      assert.match(
        stderr,
        /Expected --runner COMMAND or --trust for '.*foreign.lut': its table was measured with 'touch .*', which nothing but the table names\nhint: .*--runner/,
      );
    }
    const { differs } = JSON.parse(await ok('verify', foreign, '--paths', '2', '--json', ...OWN, ...QUICK));
    assert.match(differs.join(), /^runtimeVersion: "touch .*" there, "wc .*" here$/);
    assert.equal(existsSync(ran), false);
  });

  it('a search keeps to it, as it is measured', async () => {
    const small = [
      ...[`space.name=${name}`, 'train.steps=2', 'train.batchSize=8', 'latency.repetitions=1'],
      ...['data.trainImages=100', 'data.testImages=16', 'data.heldOut=20', 'latency.finalists=1'],
      ...[
        'evaluate.calibrationImages=16',
        'evaluate.batchSize=16',
        'search.population=4',
        'search.generations=1',
      ],
    ];
    const supernet = join(folder, 'supernet');
    await runTrain(loadConfig({ set: small }), { runDir: supernet });
    const half = costStatistics(space, costTable(space, readTable(table))).quantile(0.5);
    let searches = 0;
    const searched = async (file: string, limit: number, latency: ConfirmControl = { runners: [BYTES] }) => {
      const constraint = `latency[${file}]<=${Math.round(limit)}ns`;
      const config = loadConfig({ set: [...small, `search.constraints=["${constraint}", "madds<=100M"]`] });
      const runDir = join(folder, `search-${searches++}`);
      return (await runSearch(config, { supernet, runDir, onSkipped: assert.fail, latency })).result;
    };
    const { winner, topK } = await searched(table, half);
    const metric = `latency[${table}]`;
    assert.ok(winner.measured![metric]! <= half);
    assert.ok(Math.abs(winner.costs[metric]! / winner.measured![metric]! - 1) < 0.02);
    assert.equal(
      topK.filter(({ measured }) => measured?.[metric] !== undefined).length,
      1,
      'one finalist was asked for',
    );

    const notes: string[] = [];
    const { winner: believed } = await searched(table, half, {
      runners: ['bench.sh {onnx}'],
      onNote: (note) => notes.push(note),
    });
    assert.deepEqual(believed.measured, {});
    assert.match(
      notes.join(),
      /^latency\[.*bytes.lut\] is not measured: its table was measured with 'wc -c < {torchscript}', not with 'bench.sh {onnx}'; .*--runner.*--trust/,
    );

    // A table that says too little: nothing it lets through keeps to the bound.
    const optimist = join(folder, 'optimist.lut');
    const original = readTable(table);
    const { calibration } = original.header;
    const scaled = {
      ...calibration!,
      biasNs: Math.round(calibration!.biasNs / 10),
      scale: calibration!.scale / 10,
    };
    await writeTable(optimist, { ...original, header: { ...original.header, calibration: scaled } });
    await assert.rejects(
      searched(optimist, half / 10),
      /None of the 4 best candidates keeps to its bounds when it is measured/,
    );
  });

  it('that fails leaves its rows with the reason, and a table that is refused with all of them', async () => {
    const { code, stderr } = await singlepath([
      ...[
        'latency',
        'measure',
        '--space',
        name,
        '--runner',
        'exit 9 # {torchscript}',
        '--out',
        join(folder, 'no.lut'),
        ...QUICK,
      ],
    ]);
    assert.equal(code, 1);
    assert.match(stderr, /ended with exit code 9/);
  });
});

test('kill -9 while measuring: --resume gives the same set of rows and no visit twice', {
  skip,
}, async () => {
  const out = join(folder, 'killed.lut');
  const journal = `${out}.journal`;
  const args = [
    ...[MAIN, 'latency', 'measure', '--space', name, '--out', out, '-q'],
    ...['warmUp=0.01', 'maxTime=0.05', 'paths=12', 'maxPaths=12', 'sentinelEvery=5', 'drift=1000'].flatMap(
      (setting) => ['--set', `latency.${setting}`],
    ),
  ];
  const visitsIn = () =>
    existsSync(journal)
      ? readFileSync(journal, 'utf8')
          .split('\n')
          .slice(0, -1)
          .map((line) => JSON.parse(line))
          .filter(({ type }) => type === 'visit')
      : [];
  const child = spawn(process.execPath, args, { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.on('close', resolve));
  while (visitsIn().length < 3 && child.exitCode === null) await sleep(5);
  child.kill('SIGKILL');
  await ended;
  const before = visitsIn();
  assert.ok(before.length >= 3 && before.length < 12 && !existsSync(out), `${before.length} visits`);

  const again = await singlepath(args.slice(1));
  assert.equal(again.code, 2);
  assert.match(again.stderr, /no unfinished measurement.*\nhint: go on with it with --resume/);
  const other = await singlepath([...args.slice(1), '--resume', '--batch', '2']);
  assert.match(other.stderr, /environment.batch: 1 there, 2 here/);

  const { code, stderr } = await singlepath([...args.slice(1), '--resume']);
  assert.equal(code, 0, stderr);
  assert.equal(existsSync(journal), false);
  const { rows } = readTable(out);
  assert.deepEqual(new Set(rows.map(({ key }) => key)), keys);
  assert.ok(rows.every(({ status, times }) => status === 'ok' && times!.p50 > 0));

  // Once more: it would take as long again, and lose the calibration.
  const written = readFileSync(out);
  const finished = await singlepath([...args.slice(1).filter((arg) => arg !== '-q'), '--resume']);
  assert.match(finished.stderr, /killed\.lut is finished, and stays as it is/);
  const unasked = await singlepath(args.slice(1));
  assert.equal(unasked.code, 2);
  assert.match(
    unasked.stderr,
    /Expected a free path for the table but .*killed\.lut.*\nhint: .*--overwrite replaces it/,
  );
  assert.deepEqual(readFileSync(out), written);
  const elsewhere = await singlepath([...args.slice(1), '--resume', '--batch', '2']);
  assert.equal(elsewhere.code, 2);
  assert.match(elsewhere.stderr, /Expected the table of this device.*batch: 1 there, 2 here/);
});

test('commands that only read tables do not load libtorch, and say what is wrong with files', async () => {
  const { stderr, code } = await singlepath(['latency', 'show', join(folder, 'none.lut')]);
  assert.equal(code, 1);
  assert.match(stderr, /Could not read the latency table/);
  for (const [args, said] of [
    [['measure', '--space', name, '--out', 'x.txt'], /ends in .lut, .json, .csv/],
    [
      ['import', 'x.yaml', '--format', 'pickle', '--space', name, '--out', 'x.lut'],
      /Expected proxyless, ofa, csv for --format/,
    ],
    [['measure', '--space', name, '--out', 'x.lut', '--threads', '0'], /positive whole number/],
    [['measure', '--space', name, '--out', 'x.lut', '--runner', 'bench.sh'], /Expected {torchscript}/],
    [['verify', 'x.lut', '--fail-above', 'ten'], /number of per cent/],
  ] as const) {
    const result = await singlepath(['latency', ...args]);
    assert.equal(result.code, 2, args.join(' '));
    assert.match(result.stderr, said);
  }
});

it('an export for other projects says that it leaves the calibration out', async () => {
  const plain = madeUpTable(getSpace('proxyless-mobile'));
  const calibration = { biasNs: 1000, scale: 1.2, networks: 30, refitted: false };
  const table = join(folder, 'mobile.json');
  const yaml = (header: typeof plain.header) =>
    writeTable(table, { ...plain, header }).then(() =>
      singlepath(['latency', 'export', table, '--format', 'proxyless', '--out', join(folder, 'mobile.yaml')]),
    );
  const calibrated = await yaml({ ...plain.header, calibration });
  assert.equal(calibrated.code, 0, calibrated.stderr);
  assert.match(calibrated.stderr, /without the calibration/);
  assert.equal((await yaml(plain.header)).stderr, '');
});
