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
  sharedSeconds?: number;
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
      ...(shared.length > 0 ? { sharedSeconds: median(shared) } : {}),
    };
  });
  const bases = rows.filter((row) => row.isBase);
  const value = (row: Row) => (settings.what === 'memory' ? row.rssMegabytes : row.seconds);
  const ratio = (row: Row, base: Row) => (value(base) / value(row)).toFixed(2);
  const unit =
    settings.what === 'memory'
      ? 'peak RSS, MB'
      : settings.what === 'evaluate'
        ? 'ms a candidate'
        : 'ms a step';

  const speeds = settings.what === 'memory' ? [] : ['GFLOP/s'];
  const operations = operationsOf(settings);
  console.log(
    formatTable(
      ['', unit, ...speeds, ...bases.map((base) => `× ${base.name}`)].map((title) => ({ title })),
      rows.map((row) => [
        row.name,
        settings.what === 'memory' ? row.rssMegabytes.toFixed(0) : (row.seconds * 1000).toFixed(1),
        ...speeds.map(() => (operations / row.seconds / 1e9).toFixed(0)),
        ...bases.map((base) => ratio(row, base)),
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
