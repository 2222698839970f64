import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { formatTable } from '../src/report/table.js';
import type { BenchSettings } from './settings.js';
import { type Measurement, operationsOf, sidesOf } from './sides.js';
import { median } from './statistics.js';

interface Row {
  name: string;
  isBase: boolean;
  seconds: number;
  rssMegabytes: number;
  bareMegabytes: number;
  sharedSeconds?: number;
}

/** What rows are compared by. */
interface Quantity {
  title: string;
  digits: number;
  of(row: Row): number;
}

function quantitiesOf(what: BenchSettings['what']): Quantity[] {
  if (what !== 'memory') {
    const title = what === 'evaluate' ? 'ms a candidate' : 'ms a step';
    return [{ title, digits: 1, of: (row) => row.seconds * 1000 }];
  }
  return [
    { title: 'peak RSS, MB', digits: 0, of: (row) => row.rssMegabytes },
    {
      title: 'without runtime and libtorch',
      digits: 0,
      of: (row) => row.rssMegabytes - row.bareMegabytes,
    },
  ];
}

/** PyTorch and singlepath, or both kinds of kernels, in turn on the same paths: steps, candidates, or peak memory. */
export function compare(settings: BenchSettings): void {
  const sides = sidesOf(settings);
  const measurements = new Map<string, Measurement[]>(sides.map((side) => [side.name, []]));
  for (let round = 1; round <= settings.rounds; round++) {
    for (const side of sides) {
      const measurement = side.measure();
      measurements.get(side.name)!.push(measurement);
      console.error(
        `round ${round}/${settings.rounds} ${side.name}: ${(measurement.seconds * 1000).toFixed(1)} ms`,
      );
    }
  }

  const rows: Row[] = sides.map(({ name, isBase }) => {
    const all = measurements.get(name)!;
    const shared = all.flatMap((m) => m.sharedSeconds ?? []);
    return {
      name,
      isBase,
      seconds: median(all.map((m) => m.seconds)),
      rssMegabytes: median(all.map((m) => m.rssMegabytes)),
      bareMegabytes: median(all.map((m) => m.bareMegabytes)),
      ...(shared.length > 0 ? { sharedSeconds: median(shared) } : {}),
    };
  });
  const bases = rows.filter((row) => row.isBase);
  const quantities = quantitiesOf(settings.what);
  const speeds = settings.what === 'memory' ? [] : ['GFLOP/s'];
  const operations = operationsOf(settings);
  const titles = [
    ...quantities.map(({ title }) => title),
    ...speeds,
    ...bases.map(({ name }) => `× ${name}`),
  ];
  console.log(
    formatTable(
      ['', ...titles].map((title) => ({ title })),
      rows.map((row) => [
        row.name,
        ...quantities.map(({ of, digits }) => of(row).toFixed(digits)),
        ...speeds.map(() => (operations / row.seconds / 1e9).toFixed(0)),
        ...bases.map((base) => quantities.map(({ of }) => (of(base) / of(row)).toFixed(2)).join(', ')),
      ]),
    ),
  );
  for (const row of rows) {
    if (row.sharedSeconds === undefined) continue;
    console.log(
      `${row.name}, population of ${settings.population}: ${(row.sharedSeconds * 1000).toFixed(1)} ms a candidate, ` +
        `${(row.seconds / row.sharedSeconds).toFixed(2)} times faster than alone`,
    );
  }
  if (settings.json !== undefined) {
    const machine = { cpu: cpus()[0]?.model, cores: cpus().length, load: loadavg() };
    writeFileSync(settings.json, `${JSON.stringify({ settings, machine, rows }, null, 2)}\n`);
  }
}
