import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { loadConfig } from '../../src/config/load.js';
import { RandomStream } from '../../src/core/rng.js';
import { median, quantile, sortedCopy } from '../../src/core/statistics.js';
import * as nn from '../../src/graph/build.js';
import { Journal } from '../../src/latency/measure/journal.js';
import { type MeasureOptions, measure } from '../../src/latency/measure/measure.js';
import { heldOutNetworks, measureNetworks, repeatability } from '../../src/latency/measure/networks.js';
import { slowness } from '../../src/latency/measure/speed.js';
import { pathRows, spaceRows } from '../../src/latency/rows.js';
import { converged, medianError, timesOf } from '../../src/latency/statistics.js';
import { formatArchitecture } from '../../src/space/architecture.js';
import { choiceLayer, defineSpace, fixed } from '../../src/space/define.js';
import { Equivalence } from '../../src/space/equivalence.js';
import { getSpace } from '../../src/space/spaces/catalog.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { type FakeOptions, FakeSession } from './fakeSession.js';

const space = getSpace('nas-bench-macro');
const { latency } = loadConfig({});
const stop = { warmUpSeconds: 0, warmUpCalls: 0, samples: 20, tolerance: 0.01, maxSeconds: 0, timeout: 1 };
const folder = temporaryFolder();

/** Every block takes a microsecond a node. */
const time = (key: string): number => (key.endsWith(': identity') ? 0 : 1000 * key.split(' ').length);

function options(
  fake: Partial<FakeOptions> = {},
  more: Partial<MeasureOptions> = {},
): MeasureOptions & { session: FakeSession } {
  const session = new FakeSession({ time, ...fake });
  return { ...latency, seed: 1, stop, coolDown: 0, paths: 30, maxPaths: 30, space, ...more, session };
}

describe('statistics', () => {
  it('quantiles are order statistics', () => {
    const values = sortedCopy(Array.from({ length: 10 }, (_, i) => 10 - i));
    assert.deepEqual(
      [0, 0.1, 0.11, 0.5, 0.9, 1].map((share) => quantile(values, share)),
      [1, 1, 2, 5, 9, 10],
    );
    assert.equal(median([1, 2, 10]), 2);
    assert.equal(median([1, 2, 4, 10]), 3);
  });

  it('the interval of the median holds it in 95 % of samples, whatever the distribution', () => {
    for (const draw of [
      (u: number) => u,
      (u: number) => -Math.log(1 - u),
      (u: number) => Math.tan(1.5 * (u - 0.5)),
    ]) {
      const truth = draw(0.5);
      let held = 0;
      let state = 1;
      const uniform = () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return state / 2 ** 32;
      };
      const n = 41;
      for (let trial = 0; trial < 2000; trial++) {
        const sorted = sortedCopy(Array.from({ length: n }, () => draw(uniform())));
        const reach = (1.96 * Math.sqrt(n)) / 2;
        const [low, high] = [sorted[Math.floor(n / 2 - reach) - 1]!, sorted[Math.ceil(n / 2 + reach)]!];
        assert.ok(Math.abs(medianError(sorted) - (high - low) / 2) < 1e-12);
        if (low <= truth && truth <= high) held++;
      }
      assert.ok(held / 2000 >= 0.95, `${held} of 2000`);
    }
  });

  it('a percentile without enough samples is not told', () => {
    const of = (n: number) => timesOf(Array.from({ length: n }, (_, i) => i + 1));
    assert.deepEqual(
      [of(63).p90, of(661).p99, of(5).p50Error, of(9).p10],
      [undefined, undefined, undefined, undefined],
    );
    assert.ok(of(64).p90 !== undefined && of(662).p99 !== undefined);
    assert.equal(converged([1, 1, 1, 1, 1, 1, 1], 8, 0.1), false, 'too few');
  });

  it('overhead is subtracted and never makes a time negative', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 1e6 }), { minLength: 1 }),
        fc.nat({ max: 2e6 }),
        (samples, overhead) => {
          const { min, p50 } = timesOf(samples, overhead);
          assert.ok(min! >= 0 && p50 >= min!);
        },
      ),
    );
  });
});

describe('slowness', () => {
  it('tells how slow the machine was from how slow things are', () => {
    const random = new RandomStream(2, 'test', 0);
    const items = Array.from({ length: 30 }, (_, i) => (i === 3 ? 0 : 100 * (1 + random.uniform())));
    const truth = Array.from({ length: 25 }, () => 1 + random.uniform());
    const readings = truth.flatMap((factor, group) =>
      Array.from({ length: 12 }, () => {
        const item = random.integer(items.length);
        // One in ten is disturbed.
        const value =
          items[item]! * factor * (1 + 0.02 * random.uniform()) * (random.integer(10) === 0 ? 3 : 1);
        return { item, group, value };
      }),
    );
    const found = slowness(readings);
    const middle = median(sortedCopy(truth));
    truth.forEach((factor, group) => {
      assert.ok(Math.abs(found.get(group)! / (factor / middle) - 1) < 0.05, `${group}: ${found.get(group)}`);
    });
  });

  it('of few readings, or of what takes no time, is not told', () => {
    const readings = [0, 1, 2].map((item) => ({ item, group: 0, value: 5 }));
    assert.deepEqual([...slowness(readings).values()], [1]);
    const nothing = Array.from({ length: 9 }, (_, item) => ({ item, group: 0, value: 0 }));
    assert.deepEqual([...slowness(nothing).values()], [1]);
  });
});

describe('measure', () => {
  it('in context scales the timers to the time without them', async () => {
    const { rows } = await measure(options());
    assert.equal(rows.length, spaceRows(space).rows.length);
    for (const { key, times, source, flags } of rows) {
      assert.ok(Math.abs(times!.p50 - time(key)) <= 1, `${key}: ${times!.p50}`);
      assert.deepEqual([source, flags], ['in_context', []]);
    }
  });

  it('alone takes every row as often as asked, in another order each time', async () => {
    const alone = options({}, { method: 'isolated', repetitions: 2 });
    const { rows } = await measure(alone);
    const count = rows.length;
    for (const { key, times } of rows) assert.equal(times!.p50, time(key));
    for (const { times } of rows) assert.equal(times!.n, 40);
    assert.deepEqual(
      sortedCopy(alone.session.visits),
      Array.from({ length: 2 * count }, (_, i) => i),
    );
  });

  it('flags rows that have not converged and keeps them; both methods give two rows a key', async () => {
    const noisy = options({ noise: (i) => (i % 2 === 0 ? 0.5 : 0) }, { method: 'both' });
    const { rows } = await measure(noisy);
    assert.equal(rows.length, 2 * spaceRows(space).rows.length);
    const slow = rows.filter(({ key }) => !key.endsWith('identity'));
    assert.ok(slow.every(({ flags, times }) => flags.includes('not_converged') && times!.p50 > 0));
  });

  it('measures a window again where the sentinel changed', async () => {
    const changes: boolean[] = [];
    // The machine is slow once, while the first window runs.
    const once = options(
      { speed: (job) => (job >= 10 && job < 23 ? 1.5 : 1) },
      { onDrift: (_, again) => changes.push(again) },
    );
    const { rows } = await measure(once);
    assert.deepEqual(changes, [true]);
    for (const { key, times, flags } of rows) {
      assert.ok(Math.abs(times!.p50 - time(key)) <= 1);
      assert.deepEqual(flags, []);
    }
  });

  it('leaves out what was measured at another speed; where most was, it is flagged', async () => {
    const told: boolean[] = [];
    // Slow in the second of three windows, both times.
    const { rows } = await measure(
      options(
        { speed: (job) => (job >= 23 && job < 65 ? 1.5 : 1) },
        { paths: 60, maxPaths: 60, onDrift: (_, again) => told.push(again) },
      ),
    );
    assert.deepEqual(told, [true, false]);
    for (const { key, times, flags } of rows) {
      assert.ok(Math.abs(times!.p50 - time(key)) <= 1, `${key}: ${times!.p50}`);
      assert.deepEqual(flags, []);
    }
    // Alone, each row is visited once: those of the slow window have nothing else.
    const alone = await measure(
      options(
        { speed: (job) => (job >= 23 && job < 65 ? 1.5 : 1) },
        { method: 'isolated', repetitions: 1, sentinelEvery: 20 },
      ),
    );
    const flagged = alone.rows.filter(({ flags }) => flags.includes('drifted'));
    assert.equal(flagged.length, Math.min(20, alone.rows.length - 20));
  });

  it('a visit of a busy machine, which takes more samples, has no more weight', async () => {
    const { rows } = await measure(
      options(
        { speed: (job) => (job % 7 < 2 ? 1.4 : 1), more: (job) => (job % 7 < 2 ? 10 : 1) },
        { drift: 1 },
      ),
    );
    for (const { key, times } of rows.filter(({ times }) => times!.n >= 100))
      assert.ok(Math.abs(times!.p50 - time(key)) <= 1, `${key}: ${times!.p50}`);
  });

  it('where other programs disturb samples the fastest count, and the row says that it is not known', async () => {
    // Three calls in four take up to twice as long.
    const random = new RandomStream(6, 'test', 0);
    const noise = (i: number) => (i % 4 === 0 ? 0 : random.uniform());
    const { rows } = await measure(options({ noise, more: () => 5 }));
    for (const { key, times, flags } of rows.filter(({ key }) => !key.endsWith('identity'))) {
      assert.ok(Math.abs(times!.p50 / time(key) - 1) < 0.005, `${key}: ${times!.p50}`);
      assert.deepEqual(flags, ['not_converged']);
    }
  });

  it('a row that fails has its reason, and the others their times', async () => {
    const fail = (key: string) => (key.includes('linear') ? 'out of memory' : undefined);
    const { rows } = await measure(options({ fail }, { method: 'isolated' })).catch((error: Error) => {
      // The sentinel is a whole network, which has the row too.
      assert.match(error.message, /sentinel could not be measured: out of memory/);
      return { rows: [] };
    });
    assert.deepEqual(rows, []);
  });

  it('a device that cannot time blocks refuses to measure in context', async () => {
    await assert.rejects(measure(options({ timers: false })), /Expected --method isolated/);
  });
});

describe('a measurement that was killed', () => {
  const header = { plan: 'p', environment: { device: 'x' } };

  it('goes on to the same rows and measures no visit twice', async () => {
    const whole = await measure(options());
    for (const dieAfter of [0, 1, 2, 7, 22, 23, 24, 33]) {
      const path = join(folder, `killed-${dieAfter}.journal`);
      const visits: number[] = [];
      {
        using journal = Journal.open(path, header, false);
        const first = options({ dieAfter }, { journal });
        await assert.rejects(measure(first), { code: 'MEASUREMENT' });
        visits.push(...first.session.visits);
      }
      appendFileSync(path, '{"type":"visit","window":0,"attempt":0,"vi'); // torn by kill -9
      using journal = Journal.open(path, header, true);
      const second = options({}, { journal });
      const resumed = await measure(second);
      assert.deepEqual(resumed.rows, whole.rows);
      visits.push(...second.session.visits);
      assert.deepEqual(
        sortedCopy(visits),
        Array.from({ length: 30 }, (_, i) => i),
        `killed after ${dieAfter}`,
      );
    }
  });

  it('is not gone on with by accident, elsewhere, or from a damaged journal', () => {
    const path = join(folder, 'other.journal');
    Journal.open(path, header, false)[Symbol.dispose]();
    assert.throws(() => Journal.open(path, header, false), /no unfinished measurement/);
    assert.throws(
      () => Journal.open(path, { ...header, environment: { device: 'y' } }, true),
      /environment.device: "x" there, "y" here/,
    );
    assert.throws(() => Journal.open(path, { ...header, plan: 'q' }, true), { code: 'INVALID_CHECKPOINT' });
    writeFileSync(path, `${readFileSync(path, 'utf8')}damaged\n{}\n`);
    assert.throws(() => Journal.open(path, header, true), /line 2/);
  });
});

describe('whole networks', () => {
  it('are measured as the sum and the base of the device', async () => {
    const architectures = heldOutNetworks(space, 12, 0, 'verify');
    const { session, onProgress: _, ...rest } = options({ base: 5000 }, { repetitions: 2 });
    const measured = await measureNetworks(architectures, { ...rest, session, overheadNs: 1000 });
    const { rows } = spaceRows(space);
    measured.forEach(({ ns, architecture }, i) => {
      assert.deepEqual(architecture, architectures[i]);
      const sum = pathRows(space, architecture).reduce((total, row) => total + time(rows[row]!.key), 0);
      assert.equal(ns, sum + 4000);
    });
    assert.equal(repeatability(measured), 0);
  });

  it('come more often where the machine is busy, until their times are known', async () => {
    const architectures = heldOutNetworks(space, 12, 0, 'verify');
    const random = new RandomStream(4, 'test', 0);
    const visitsOf = async (noise: number) => {
      const {
        session,
        onProgress: _,
        ...rest
      } = options({ speed: () => 1 + noise * (random.uniform() - 0.5) }, { repetitions: 9, drift: 1 });
      await measureNetworks(architectures, { ...rest, session, overheadNs: 0 });
      return session.visits.length / architectures.length;
    };
    assert.equal(await visitsOf(0.001), 9);
    const busy = await visitsOf(0.05);
    assert.ok(busy > 9 && busy < 36, `${busy}`);
    assert.equal(await visitsOf(0.5), 36);
  });

  it('to calibrate and to verify are different ones, and all different', () => {
    const sets = (['calibrate', 'verify'] as const).map((part) => heldOutNetworks(space, 200, 3, part));
    // Not only as architectures: an identity may stand elsewhere in the same network.
    const equivalence = new Equivalence(space);
    const texts = sets.flat().map((one) => formatArchitecture(space, equivalence.canonical(one)));
    assert.equal(new Set(texts).size, 400);
    // Both have all values of every gene, the last one too.
    const joint = getSpace('spos-shufflenet-v2-28-joint');
    for (const part of ['calibrate', 'verify'] as const) {
      const networks = heldOutNetworks(joint, 200, 3, part);
      joint.genes.forEach(({ size, name }, gene) => {
        assert.equal(
          new Set(networks.map((architecture) => architecture[gene])).size,
          size,
          `${part} ${name}`,
        );
      });
    }
    // All networks of a space are in one of them: 3,969, as its authors count.
    const macro = getSpace('nas-bench-macro');
    const halves = (['calibrate', 'verify'] as const).map((part) => heldOutNetworks(macro, 1e4, 0, part));
    assert.ok(halves.every(({ length }) => length > 1900));
    assert.equal(halves.flat().length, 3969);
    assert.equal(new Set(halves.flat().map((architecture) => architecture.join())).size, 3969);
    // A space of two networks has one for each.
    const two = defineSpace({
      name: 'two',
      input: { channels: 1, size: 8 },
      classes: 2,
      layers: [
        choiceLayer({ choices: () => ({ k1: nn.conv2d({ out: 4 }), k3: nn.conv2d({ out: 4, kernel: 3 }) }) }),
        fixed('head', nn.averagePool()),
        fixed('fc', nn.linear({ out: 2 })),
      ],
    });
    assert.equal(heldOutNetworks(two, 9, 0, 'verify').length, 1);
  });
});
