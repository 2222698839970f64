import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load.js';
import { costStatistics } from '../../src/cost/statistics.js';
import { tableCost } from '../../src/cost/table.js';
import { graphCost, readerOf } from '../../src/graph/walk.js';
import { costTable } from '../../src/latency/cost/costTable.js';
import { readCsvTimes } from '../../src/latency/external/csvTimes.js';
import { mobileKeys, onceForAllKey, proxylessKey } from '../../src/latency/external/mobileKeys.js';
import { writeYamlTimes, YAML_STYLES } from '../../src/latency/external/yamlTable.js';
import { predict } from '../../src/latency/predict.js';
import { bestRows } from '../../src/latency/table.js';
import { importTable } from '../../src/pipeline/latency/latencyTable.js';
import { UniformSampler } from '../../src/sampling/uniform.js';
import { loadSpace } from '../../src/space/file/load.js';
import { getSpace } from '../../src/space/spaces/catalog.js';
import { temporaryFile } from '../cli/run.js';
import { onceForAllSum, onceForAllTable } from './onceForAll.js';
import { asYaml, proxylessSum, proxylessTable } from './proxyless.js';

const space = getSpace('proxyless-mobile');
const config = loadConfig({ set: ['space.name=proxyless-mobile'] }).space;
const published = proxylessTable(1);
const file = temporaryFile('mobile.yaml', asYaml(published));
const table = importTable(config, file, { format: 'proxyless', device: 'phone' });

/** By ProxylessNAS's keys, a nanosecond a thousand multiply-adds and 20 microseconds. */
function mobileTimes(): [key: string, ms: number][] {
  return [...mobileKeys(space, proxylessKey)].flatMap(([{ block }, [keys]]) => {
    const { madds } = graphCost(block.graph, block.input, readerOf([])).cost;
    return keys!.map((key): [string, number] => [key, madds / 1e9 + 0.02]);
  });
}

describe('a table of ProxylessNAS', () => {
  it('predicts the sums of its own formula', () => {
    const costs = costTable(space, table);
    for (let i = 0; i < 50; i++) {
      const architecture = new UniformSampler(space, 3).at(i);
      const sum = proxylessSum(published, architecture);
      assert.ok(Math.abs(predict(space, table, [architecture])[0]!.latencyMs - sum) < 1e-9);
      assert.ok(Math.abs(tableCost(costs, architecture) / 1e6 - sum) < 1e-9);
    }
    const { min, argmin } = costStatistics(space, costs);
    assert.ok(Math.abs(proxylessSum(published, argmin) - min / 1e6) < 1e-9);
  });

  it('comes back from an export as it was', () => {
    const exported = parse(writeYamlTimes(space, table, YAML_STYLES.proxyless)) as Record<string, unknown>;
    assert.deepEqual(exported, parse(asYaml(published)));
  });

  it('names every key that is missing in one error', () => {
    const keys = [...published.keys()].slice(10, 13);
    const some = new Map([...published].filter(([key]) => !keys.includes(key)));
    const incomplete = temporaryFile('incomplete.yaml', asYaml(some));
    assert.throws(
      () => importTable(config, incomplete, { format: 'proxyless', device: '' }),
      (error: Error & { code?: string }) =>
        error.code === 'INVALID_TABLE' && keys.every((key) => error.message.includes(key)),
    );
  });

  it('estimates what is missing where it is asked to, and says which rows', () => {
    const times = [...published.keys()];
    // Times that a fit can find: those of made-up multiply-adds.
    const orderly = new Map(mobileTimes());
    assert.deepEqual(new Set(orderly.keys()), new Set(times));
    const some = new Map([...orderly].filter((_, i) => i % 5 !== 3));
    const incomplete = temporaryFile('incomplete.yaml', asYaml(some));
    const filled = importTable(config, incomplete, { format: 'proxyless', device: '', interpolate: true });
    const estimated = filled.rows.filter(({ source }) => source === 'interpolated');
    assert.equal(estimated.length, orderly.size - some.size);
    const truth = new Map(
      [...mobileKeys(space, proxylessKey)].map(([row, [keys]]) => [row.key, orderly.get(keys![0]!)!]),
    );
    for (const { key, times: of } of estimated)
      assert.ok(Math.abs(of!.p50 / 1e6 / truth.get(key)! - 1) < 0.01, key);
  });

  it('refuses times that are not positive, and files that are no tables', () => {
    const [first] = published.keys();
    for (const value of ['0', '-1', '.nan', '.inf']) {
      const bad = temporaryFile('bad.yaml', asYaml(published).replace(/mean: [\d.]+/, `mean: ${value}`));
      assert.throws(
        () => importTable(config, bad, { format: 'proxyless', device: '' }),
        (error: Error) => error.message.includes(first!),
      );
    }
    for (const text of ['- 1', 'a: b', 'x: {mean: fast}', 'a: [']) {
      const bad = temporaryFile('bad.yaml', text);
      assert.throws(
        () => importTable(config, bad, { format: 'proxyless', device: '' }),
        /Expected a YAML lookup table/,
      );
    }
  });
});

describe('a table of Once-for-all', () => {
  const mobile = getSpace('mobilenet-v3');
  const own = loadConfig({ set: ['space.name=mobilenet-v3'] }).space;
  const times = onceForAllTable(2);
  const yaml = (some: ReadonlyMap<string, number>) => asYaml(some).replaceAll('var:', 'std:');
  const read = (some: ReadonlyMap<string, number>) =>
    importTable(own, temporaryFile('ofa.yaml', yaml(some)), { format: 'ofa', device: '' });

  it('predicts the sums of its own formula, with squeeze-and-excite and a pooling of its own', () => {
    const costs = costTable(mobile, read(times));
    for (let i = 0; i < 50; i++) {
      const architecture = new UniformSampler(mobile, 4).at(i);
      assert.ok(Math.abs(tableCost(costs, architecture) / 1e6 - onceForAllSum(times, architecture)) < 1e-9);
    }
  });

  it('comes back from an export with the same sums, and names what is missing', () => {
    const exported = writeYamlTimes(mobile, read(times), YAML_STYLES.ofa);
    assert.deepEqual(new Set(Object.keys(parse(exported) as object)), new Set(times.keys()));
    const again = importTable(own, temporaryFile('again.yaml', exported), { format: 'ofa', device: '' });
    const architecture = new UniformSampler(mobile, 4).at(7);
    const [there, back] = [read(times), again].map(
      (one) => predict(mobile, one, [architecture])[0]!.latencyMs,
    );
    assert.ok(Math.abs(there! - back!) < 1e-9);
    const without = [...times.keys()].filter((key) => /se:1.*hs:1/.test(key)).slice(0, 3);
    assert.throws(
      () => read(new Map([...times].filter(([key]) => !without.includes(key)))),
      (error: Error) =>
        /these 3 keys are missing/.test(error.message) && without.every((key) => error.message.includes(key)),
    );
  });

  it('of a space without squeeze-and-excite, whose head is written as by ProxylessNAS', () => {
    const keys = [...mobileKeys(space, onceForAllKey).values()].map((ways) => ways.at(-1)!);
    assert.ok(
      keys
        .flat()
        .includes(
          'expanded_conv-input:112x112x16-output:56x56x24-expand:48-kernel:3-stride:2-idskip:0-se:0-hs:0',
        ),
    );
    assert.ok(
      keys.some((way) => way.length === 0),
      'identity has no key',
    );
    const text = yaml(new Map(keys.flat().map((key) => [key, 1.5] as const)));
    const imported = importTable(config, temporaryFile('ofa.yaml', text), { format: 'ofa', device: '' });
    assert.equal(imported.rows.length, keys.length);
  });
});

it('a CSV needs a column that names its unit', () => {
  const rows = [...bestRows(table).values()].map(({ key, published: time }) => [key, time!.mean] as const);
  const csv = (column: string) =>
    `key,${column}\n${rows.map(([key, ms]) => `"${key}",${ms || 0.001}`).join('\n')}\n`;
  const read = (text: string) =>
    importTable(config, temporaryFile('bench.csv', text), { format: 'csv', device: '' });
  assert.equal(bestRows(read(csv('latency_ms'))).get(rows[0]![0])!.times!.p50, Math.round(rows[0]![1] * 1e6));
  assert.equal(bestRows(read(csv('us'))).get(rows[0]![0])!.times!.p50, Math.round(rows[0]![1] * 1e3));
  assert.throws(() => read(csv('latency')), /one that names its unit/);
});

it('a CSV says which column is the time, and of each row once', () => {
  const text = (columns: string, ...rows: string[]) => [columns, ...rows].join('\n');
  const read = (...lines: [string, ...string[]]) => readCsvTimes(text(...lines), 'bench.csv').get('a')!.mean;
  assert.throws(
    () => read('key,std_ms,mean_ms', 'a,0.1,5'),
    /one that names its unit .* key, std_ms, mean_ms$/,
  );
  assert.equal(read('key,min_us,p50_us', 'a,4000,5000'), 5); // as our own files have it
  assert.equal(read('key,p50_error_ns,p50_ms', 'a,5,7'), 7);
  assert.throws(() => read('key,ms', 'a,5', 'a,7'), /each key once in 'bench.csv' but received 'a' twice/);
});

it('blocks that a format does not tell apart have no time in it', () => {
  const conv = (kernel: number) => [{ conv2d: { out: '$out', kernel } }, 'batchNorm', 'relu'];
  const space = loadSpace({
    name: 'plain',
    input: { size: 8 },
    classes: 10,
    layers: [
      { name: 'stem', steps: [{ conv2d: { out: 16, kernel: 3 } }, 'batchNorm', 'relu'] },
      { choices: { c1: conv(1), c3: conv(3), skip: ['identity'] } },
      { name: 'head', steps: ['averagePool', { linear: { out: 10 } }] },
    ],
  });
  for (const style of [proxylessKey, onceForAllKey]) {
    const ways = [...mobileKeys(space, style)].map(([{ label }, [way]]) => [label, way?.length]);
    assert.deepEqual(Object.fromEntries(ways), { stem: 1, c1: undefined, c3: undefined, skip: 0, head: 1 });
  }
});

it('a block without a MobileNet key is named', () => {
  const shuffle = getSpace('spos-shufflenet-v2-28');
  const own = loadConfig({ set: ['space.name=spos-shufflenet-v2-28'] }).space;
  const empty = temporaryFile('empty.yaml', 'a: {mean: 1}');
  assert.throws(() => importTable(own, empty, { format: 'proxyless', device: '' }), /none for shuffle3x3/);
  assert.equal(mobileKeys(shuffle, onceForAllKey).size > 0, true);
});
