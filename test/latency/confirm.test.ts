import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { loadConfig } from '../../src/config/load.js';
import { writeTable } from '../../src/latency/format/files.js';
import { heldOutNetworks } from '../../src/latency/measure/networks.js';
import { pathVisit } from '../../src/latency/measure/visits.js';
import { pathRows, spaceRows } from '../../src/latency/rows.js';
import type { Environment } from '../../src/latency/table.js';
import { confirmLatency } from '../../src/pipeline/latency/confirmLatency.js';
import { measureWhole } from '../../src/pipeline/latency/measureWhole.js';
import type { CostedCandidate, SearchOutcome } from '../../src/search/result.js';
import { getSpace } from '../../src/space/spaces/catalog.js';
import type { Architecture } from '../../src/space/types.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { FakeSession } from './fakeSession.js';
import { madeUpTable } from './tables.js';

const space = getSpace('nas-bench-macro');
const folder = temporaryFolder();
const time = (key: string): number => (key.endsWith(': identity') ? 0 : 1000 * key.split(' ').length);
const architectures = heldOutNetworks(space, 6, 1, 'verify');
const sum = (architecture: Architecture) =>
  pathRows(space, architecture).reduce((total, row) => total + time(spaceRows(space).rows[row]!.key), 0);
const settings = ['latency.repetitions=3', 'latency.sentinelEvery=5', 'latency.coolDown=0'];
const everyVisit = Array.from({ length: 3 * architectures.length }, (_, i) => i);

describe('whole networks that are measured', () => {
  it('are kept: a process that was killed goes on, and measures none twice', async () => {
    const config = loadConfig({ set: settings });
    for (const dieAfter of [0, 1, 4, 9, 20]) {
      const path = join(folder, `verify-${dieAfter}.journal`);
      const sessions = [dieAfter, undefined].map(
        (after) => new FakeSession({ time, ...(after !== undefined && { dieAfter: after }) }),
      );
      const measureWith = (session: FakeSession, resume: boolean) =>
        measureWhole(space, architectures, config, { session, journal: { path, resume } });
      await assert.rejects(measureWith(sessions[0]!, false), /the device is gone/);
      if (dieAfter > 0) await assert.rejects(measureWith(sessions[1]!, false), /no unfinished measurement/);
      const measured = await measureWith(sessions[1]!, true);
      assert.deepEqual(
        measured.map(({ ns }) => ns),
        architectures.map(sum),
      );
      const visits = sessions.flatMap((session) => session.visits).sort((a, b) => a - b);
      assert.deepEqual(visits, everyVisit, `killed after ${dieAfter}`);
    }
  });

  const metric = 'latency[device]';
  const topK = architectures.map(
    (architecture): CostedCandidate => ({
      architecture,
      choices: [],
      score: { accuracy: 0.5, loss: 1 } as CostedCandidate['score'],
      costs: { [metric]: 1 },
      generation: 0,
    }),
  );
  const outcome = { topK, winner: topK[0]! } as SearchOutcome;

  const configWith = async (table: string, limit: string) => {
    const file = join(folder, table);
    await writeTable(file, madeUpTable(space));
    const bound = `search.constraints=["${metric}<=${limit}"]`;
    return loadConfig({
      set: [...settings, `latency.tables.device=${file}`, bound, 'latency.finalists=6'],
    });
  };

  it('of a search are kept in its folder', async () => {
    const bound = Math.max(...architectures.slice(2).map(sum));
    const config = await configWith('table.lut', `${bound}ns`);
    const journals = temporaryFolder();
    const sessions = [new FakeSession({ time, dieAfter: 9 }), new FakeSession({ time })];
    const confirm = (session: FakeSession) =>
      confirmLatency(space, config, outcome, { journals, openDevice: async () => session });
    await assert.rejects(confirm(sessions[0]!), /the device is gone/);
    const { winner, topK: measured } = await confirm(sessions[1]!);
    assert.deepEqual(
      measured.map((candidate) => candidate.measured![metric]),
      architectures.map(sum),
    );
    assert.equal(
      winner.architecture,
      architectures.find((architecture) => sum(architecture) <= bound),
      'the first that keeps to the bound',
    );
    assert.deepEqual(
      sessions.flatMap((session) => session.visits).sort((a, b) => a - b),
      everyVisit,
    );
    assert.equal(readdirSync(journals).length, 1);
  });

  it('that fail on their device do not win', async () => {
    const config = await configWith('failing.lut', '1s');
    const keysOf = (rows: readonly number[]) => rows.map((row) => spaceRows(space).rows[row]!.key);
    // A block that some candidates have, but not the sentinel.
    const sentinel = keysOf(pathVisit(spaceRows(space), 0, config.seed).chain);
    const has = (key: string, { architecture }: CostedCandidate) =>
      keysOf(pathRows(space, architecture)).includes(key);
    const broken = keysOf(architectures.flatMap((architecture) => pathRows(space, architecture))).find(
      (key) => !sentinel.includes(key) && !topK.every((candidate) => has(key, candidate)),
    )!;
    const sorted = topK.toSorted((a, b) => Number(has(broken, b)) - Number(has(broken, a)));
    const failing = sorted.filter((candidate) => has(broken, candidate)).length;
    const notes: string[] = [];
    const { winner, note } = await confirmLatency(
      space,
      config,
      { ...outcome, topK: sorted },
      {
        openDevice: async () =>
          new FakeSession({ time, fail: (key) => (key === broken ? 'no memory' : undefined) }),
        onNote: (text) => notes.push(text),
      },
    );
    assert.equal(winner.architecture, sorted[failing]!.architecture);
    assert.equal(note, `${failing} more accurate candidates break a bound or fail when they are measured`);
    assert.equal(notes.length, failing);
    assert.match(notes[0]!, /^latency\[device\] of [\d,]+ could not be measured: no memory$/);
  });

  it('that all break a bound are an error that names it, and no bound that was not measured', async () => {
    const [file, other] = [join(folder, 'broken.lut'), join(folder, 'imported.lut')];
    const { header, rows } = madeUpTable(space);
    await writeTable(file, { header, rows });
    const environment = { ...header.environment, runtime: 'imported' as const };
    await writeTable(other, { header: { ...header, environment }, rows });
    const config = loadConfig({
      set: [
        ...settings,
        `latency.tables={"device": "${file}", "other": "${other}"}`,
        `search.constraints=["${metric}<=1ns", "latency[other]<=1ms"]`,
      ],
    });
    const openDevice = async ({ runtime }: Environment) =>
      runtime === 'imported' ? undefined : new FakeSession({ time });
    await assert.rejects(confirmLatency(space, config, outcome, { openDevice }), {
      code: 'MEASUREMENT',
      message: /when it is measured: latency\[device\]<=1ns, measured [\d.]+us at least$/,
    });
  });
});
