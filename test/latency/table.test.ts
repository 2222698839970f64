import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { costTable } from '../../src/latency/cost/costTable.js';
import { diffTables } from '../../src/latency/diff.js';
import { readTable, tableFormat, writeTable } from '../../src/latency/format/files.js';
import { encodeTable } from '../../src/latency/format/protobuf.js';
import { checkedTable } from '../../src/latency/format/schema.js';
import { lint } from '../../src/latency/lint.js';
import { blockKey, pathRows, spaceRows } from '../../src/latency/rows.js';
import type { LatencyTable, TableAccuracy } from '../../src/latency/table.js';
import { getSpace, listSpaces } from '../../src/space/spaces/catalog.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { madeUpTable, ONE_ROW } from './tables.js';

const folder = temporaryFolder();
const space = getSpace('spos-shufflenet-v2-28');

/** Of equal times, which have no order. */
const ACCURACY: TableAccuracy = {
  networks: 2,
  mape: 0,
  rmse: 0,
  bias: -1.5,
  within5: 100,
  within10: 100,
  kendall: null,
  spearman: null,
};

describe('rows', () => {
  it('equal blocks of different layers are one row', () => {
    // Four stages of four choices, each once with stride 2 and once with stride 1; stem, last, fc.
    const { rows, layers } = spaceRows(getSpace('spos-shufflenet-v2'));
    assert.equal(rows.length, 4 * 2 * 4 + 3);
    assert.equal(layers.length, 23);
    assert.deepEqual(
      rows
        .filter(({ label }) => !label.startsWith('shuffle') && label !== 'xception')
        .map(({ label }) => label),
      ['stem', 'last', 'fc'],
    );
  });

  it('exist for every built-in space, each path has one a layer, and keys tell blocks apart', () => {
    for (const { name } of listSpaces()) {
      const any = getSpace(name);
      const { rows, layers } = spaceRows(any);
      assert.equal(new Set(rows.map(({ key }) => key)).size, rows.length, name);
      assert.equal(
        pathRows(
          any,
          any.genes.map(() => 0),
        ).length,
        layers.length,
        name,
      );
      for (const { key, block } of rows) assert.equal(blockKey(block), key);
    }
  });

  it('identity is a row', () => {
    const keys = spaceRows(getSpace('nas-bench-macro')).rows.map(({ key }) => key);
    assert.ok(keys.some((key) => key.endsWith(': identity')));
  });
});

describe('files', () => {
  const time = fc.nat({ max: 2 ** 40 });
  const optional = fc.option(time, { nil: undefined });
  const row = fc.record(
    {
      key: fc.oneof(fc.string({ minLength: 1 }), fc.constant('# no comment')),
      input: fc.constant(ONE_ROW.input),
      output: fc.constant(ONE_ROW.output),
      label: fc.oneof(fc.string(), fc.constant('# no comment')),
      source: fc.constantFrom('in_context', 'isolated', 'imported', 'interpolated'),
      status: fc.constantFrom('ok', 'failed', 'timeout'),
      error: fc.string(),
      flags: fc.subarray(['not_converged', 'drifted']),
      times: fc.record({ n: time, p50: time, p50Error: optional, p99: optional, std: optional }),
      published: fc.record({
        mean: fc.double({ noNaN: true, noDefaultInfinity: true }),
        spread: fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }),
      }),
    },
    { requiredKeys: ['key', 'label', 'input', 'output', 'source', 'status', 'flags'] },
  );

  it('hold the same in all three forms', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 4 }), fc.boolean(), (rows, verified) => {
        const plain = JSON.parse(JSON.stringify({ ...madeUpTable(space), rows })) as ReturnType<
          typeof madeUpTable
        >;
        // JSON has no -0.
        if (verified) {
          plain.header.calibration = { biasNs: -5, scale: 1.25, networks: 30, refitted: false };
          plain.header.accuracy = ACCURACY;
          plain.header.environment.runnerPattern = 't=([0-9.]+)';
          plain.header.environment.clockMhz = { before: 0, after: 2400.5 };
        }
        for (const form of ['lut', 'json', 'csv']) {
          const { encode, decode } = tableFormat(`table.${form}`);
          assert.deepEqual(decode(Buffer.from(encode(plain)), form), plain, form);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('are written as a whole and read back', async () => {
    for (const form of ['lut', 'json', 'csv']) {
      const path = join(folder, `whole.${form}`);
      await writeTable(path, madeUpTable(space));
      assert.deepEqual(readTable(path), madeUpTable(space), form);
    }
  });

  it('are only replaced by what can be read', async () => {
    for (const form of ['lut', 'json', 'csv']) {
      const path = join(folder, `kept.${form}`);
      const good = madeUpTable(space);
      await writeTable(path, good);
      const accuracy = { ...ACCURACY, mape: Number.NaN };
      await assert.rejects(writeTable(path, { ...good, header: { ...good.header, accuracy } }), {
        code: 'INVALID_TABLE',
        message: /header.accuracy.mape: /,
      });
      assert.deepEqual(readTable(path), good, form);
    }
  });

  it('that are damaged say so', () => {
    const bytes = encodeTable(madeUpTable(space));
    const damaged: [string, string | Uint8Array][] = [
      ['cut.lut', bytes.subarray(0, bytes.length - 7)],
      ['text.lut', 'not a table'],
      ['empty.lut', ''],
      ['half.json', '{"header": {'],
      ['other.json', '{"rows": []}'],
      ['plain.csv', 'key,ms\na,1\n'],
      ['newer.json', JSON.stringify({ header: { version: 99 }, rows: [] })],
    ];
    for (const [name, content] of damaged) {
      const path = join(folder, name);
      writeFileSync(path, content);
      assert.throws(() => readTable(path), { code: 'INVALID_TABLE' }, name);
    }
    assert.throws(() => readTable(join(folder, 'none.lut')), { code: 'IO' });
    assert.throws(() => readTable('table.pkl'), /ends in .lut, .json, .csv/);
  });
});

describe('a table as a cost', () => {
  const table = madeUpTable(space);

  it('of another space, batch, type or thread count is refused with what differs', () => {
    const refused = (options: object, what: RegExp) =>
      assert.throws(
        () => costTable(space, table, options),
        (error: Error & { code?: string }) => {
          assert.match(error.message, what);
          return error.code === 'INVALID_TABLE';
        },
      );
    refused({ batch: 8 }, /with batch 1, not 8/);
    refused({ dtype: 'bf16' }, /with dtype fp32, not bf16/);
    refused({ threads: 4 }, /with threads 1, not 4/);
    refused({ size: 56 }, /it is for spos-shufflenet-v2-28 \(1x28x28, 10 classes\), not .* \(1x56x56/);
    assert.ok(costTable(space, table, { batch: 1, dtype: 'fp32', threads: null }));
  });

  it('with times that cannot be is refused, with each of them', () => {
    for (const p50 of [0, -5]) {
      const rows = table.rows.map((row) =>
        row.label === 'xception' ? { ...row, times: { n: 1, p50 } } : row,
      );
      assert.throws(
        () => costTable(space, { ...table, rows }),
        (error: Error & { code?: string }) =>
          error.code === 'INVALID_TABLE' &&
          (error.message.match(new RegExp(`${p50} ns for xception at`, 'g')) ?? []).length === 6,
      );
    }
  });

  it('that lacks rows names all of them', () => {
    const rows = table.rows.filter(({ label }) => label !== 'xception');
    assert.throws(
      () => costTable(space, { ...table, rows }),
      (error: Error) => (error.message.match(/xception at/g) ?? []).length === 6,
    );
  });
});

describe('lint', () => {
  const checks = (table: ReturnType<typeof madeUpTable>, others = new Map()) =>
    new Set(lint(space, table, others).map(({ check }) => check));

  it('finds nothing in an orderly table', () => assert.deepEqual(checks(madeUpTable(space)), new Set()));

  it('finds what is wrong', () => {
    const change = (edit: (table: ReturnType<typeof madeUpTable>) => void) => {
      const table = madeUpTable(space);
      edit(table);
      return table;
    };
    const first = (table: ReturnType<typeof madeUpTable>) =>
      table.rows.find(({ label }) => label === 'shuffle7x7')!;
    assert.ok(checks(change((table) => table.rows.pop())).has('missing'));
    assert.ok(checks(change((table) => (first(table).times!.p50 = 0))).has('not-positive'));
    assert.ok(checks(change((table) => (first(table).times!.p50 = 10))).has('monotone'));
    assert.ok(checks(twice(2)).has('contradiction'));
    assert.ok(!checks(twice(1)).has('contradiction'));
    assert.ok(checks(change((table) => (first(table).status = 'failed'))).has('failed'));
    assert.ok(
      checks(change((table) => Object.assign(first(table).times!, { mean: 100, std: 20 }))).has('spread'),
    );
    const unsure = (p50Error: number | undefined) =>
      lint(
        space,
        change((table) => {
          const row = first(table);
          row.flags = ['not_converged'];
          if (p50Error !== undefined) row.times!.p50Error = p50Error * row.times!.p50;
        }),
      ).map(({ message }) => message.replace(/^.*has/, 'has'));
    assert.deepEqual(unsure(0.25), ['has a median known to 25.0 %']);
    assert.deepEqual(unsure(undefined), ['has a median whose error is not known']);
    const scaled = (factor: number) =>
      change((table) => {
        for (const { times } of table.rows) times!.p50 *= factor;
      });
    assert.ok(checks(scaled(1e9)).has('unit'));
    assert.ok(checks(scaled(2), new Map([['other', scaled(2)]])).has('copied'));
  });
});

/** A table in which one row stands again, with so many times the time. */
function twice(factor: number): LatencyTable {
  const table = madeUpTable(space);
  const again = structuredClone(table.rows[3]!);
  again.times!.p50 *= factor;
  return { ...table, rows: [...table.rows, again] };
}

it('a row with two times is refused: the first one counted', () => {
  assert.throws(() => costTable(space, twice(2)), {
    code: 'INVALID_TABLE',
    message: /Expected one time for each row in 'table' but received two for \S+ at \S+$/,
  });
  assert.deepEqual(costTable(space, twice(1)), costTable(space, madeUpTable(space)));
});

it('a calibration by which larger networks are not slower is refused', () => {
  for (const scale of [0, -1]) {
    const table = madeUpTable(space);
    table.header.calibration = { biasNs: 0, scale, networks: 30, refitted: false };
    assert.throws(() => checkedTable(table, 'edited.json'), {
      code: 'INVALID_TABLE',
      message: /'edited\.json' but header\.calibration\.scale: /,
    });
  }
});

it('diff compares environments and rows', () => {
  const [a, b] = [madeUpTable(space), madeUpTable(space)];
  b.header.environment.threads = 4;
  for (const { times } of b.rows) times!.p50 *= 2;
  b.rows.pop();
  const { header, rows, medianChange } = diffTables(a, b);
  assert.deepEqual(header, ['environment.threads: 1 there, 4 here']);
  assert.equal(medianChange, 1);
  assert.equal(rows.filter(({ b: time }) => time === null).length, 1);
});
