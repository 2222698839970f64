import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { RandomStream } from '../src/core/rng.js';
import { formatTable } from '../src/report/table.js';
import type { BenchSettings } from './settings.js';
import { type Measurement, sidesOf } from './sides.js';
import { median } from './statistics.js';

interface Row {
  name: string;
  isPeer: boolean;
  seconds: number;
  rssMegabytes: number;
  sharedSeconds?: number;
}

/** PyTorch and singlepath in turn on the same paths: supernet steps, candidates, or peak memory. */
export function compare(settings: BenchSettings): void {
  const random = new RandomStream(0, 'test', 1);
  const paths = Array.from({ length: 64 }, () => Array.from({ length: 20 }, () => random.integer(4)));
  const sides = sidesOf(settings, paths);
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

  const rows: Row[] = sides.map(({ name, isPeer }) => {
    const all = measurements.get(name)!;
    const shared = all.flatMap((m) => m.sharedSeconds ?? []);
    return {
      name,
      isPeer,
      seconds: median(all.map((m) => m.seconds)),
      rssMegabytes: median(all.map((m) => m.rssMegabytes)),
      ...(shared.length > 0 ? { sharedSeconds: median(shared) } : {}),
    };
  });
  const peers = rows.filter((row) => row.isPeer);
  const value = (row: Row) => (settings.what === 'memory' ? row.rssMegabytes : row.seconds);
  const ratio = (row: Row, peer: Row) => (value(peer) / value(row)).toFixed(2);
  const unit =
    settings.what === 'memory'
      ? 'peak RSS, MB'
      : settings.what === 'evaluate'
        ? 'ms a candidate'
        : 'ms a step';

  console.log(
    formatTable(
      ['', unit, ...peers.map((peer) => `× ${peer.name}`)].map((title) => ({ title })),
      rows.map((row) => [
        row.name,
        settings.what === 'memory' ? row.rssMegabytes.toFixed(0) : (row.seconds * 1000).toFixed(1),
        ...peers.map((peer) => ratio(row, peer)),
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
