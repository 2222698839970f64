/**
 * Training on a machine that has other work: images a second alone and beside processes that never sleep, against what a
 * machine that divides its cores fairly would give.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { formatTable } from '../src/report/table.js';
import type { BenchSettings } from './settings.js';
import { type Measurement, peerMissing, type Side, sideMakers } from './sides.js';
import { median } from './statistics.js';

/** A large and a small network, unless `--space` names another. */
const SPACES = [
  { space: 'spos-shufflenet-v2', size: 96 },
  { space: 'spos-shufflenet-v2-28', size: 28 },
];
/** Ends with its parent, which may be killed: looks now and then who that is. */
const SPIN = `const parent = process.ppid;
while (process.ppid === parent) for (let i = 0; i < 1e8; i++);`;

interface Row {
  space: string;
  side: string;
  beside: number;
  imagesPerSecond: number;
  /** Processor time by the clock. */
  cores: number;
  fairImagesPerSecond: number;
}

/**
 * Cores that `threads` of ours get beside `busy` others when `cores` are divided evenly among all of them: none uses more
 * than one.
 */
function fairCores(threads: number, busy: number, cores: number): number {
  return threads * Math.min(1, cores / (threads + busy));
}

export function busy(settings: BenchSettings): void {
  const spaces = settings.space === undefined ? SPACES : [{ space: settings.space, size: settings.size }];
  const missing = peerMissing();
  if (missing !== undefined) console.error(`peer skipped: ${missing}`);
  const rows = spaces.flatMap((chosen) => {
    const its = { ...settings, ...chosen };
    const { ours, peer } = sideMakers(its);
    const sides = [ours('fused', 'fp32'), ours('fused', 'bf16')];
    if (missing === undefined) sides.push(peer('channels_last', true));
    return measureAll(its, chosen.space, sides);
  });
  const cores = availableParallelism();
  console.log(
    `${settings.threads} threads on ${cores} cores; medians of ${settings.rounds} rounds of ${settings.steps} steps; ` +
      `load at the end, the bench's own included: ${loadavg()[0]!.toFixed(1)}`,
  );
  console.log(
    formatTable(
      ['', '', 'busy processes', 'images/s', 'fair share', 'of it', 'cores'].map((title) => ({ title })),
      rows.map((row) => [
        row.space,
        row.side,
        String(row.beside),
        row.imagesPerSecond.toFixed(0),
        row.fairImagesPerSecond.toFixed(0),
        (row.imagesPerSecond / row.fairImagesPerSecond).toFixed(2),
        row.cores.toFixed(2),
      ]),
    ),
  );
  if (settings.json !== undefined) {
    const machine = { cpu: cpus()[0]?.model, cores, load: loadavg() };
    writeFileSync(settings.json, `${JSON.stringify({ settings, machine, rows }, null, 2)}\n`);
  }
}

function measureAll(settings: BenchSettings, space: string, sides: Side[]): Row[] {
  const besides = [0, ...settings.beside];
  const measured = sides.map(() => besides.map((): Measurement[] => []));
  for (let round = 1; round <= settings.rounds; round++) {
    for (const [s, side] of sides.entries()) {
      for (const [b, beside] of besides.entries()) {
        const measurement = besideBusy(beside, () => side.measure());
        measured[s]![b]!.push(measurement);
        console.error(
          `round ${round}/${settings.rounds} ${space} ${side.name} beside ${beside}: ` +
            `${measurement.imagesPerSecond!.toFixed(0)} images/s`,
        );
      }
    }
  }
  const cores = availableParallelism();
  const alone = fairCores(settings.threads, 0, cores);
  return sides.flatMap(({ name }, s) => {
    const rates = measured[s]!.map((all) => median(all.map((one) => one.imagesPerSecond!)));
    return besides.map((beside, b) => ({
      space,
      side: name,
      beside,
      imagesPerSecond: rates[b]!,
      cores: median(measured[s]![b]!.map((one) => one.cores!)),
      fairImagesPerSecond: (rates[0]! * fairCores(settings.threads, beside, cores)) / alone,
    }));
  });
}

function besideBusy<T>(count: number, work: () => T): T {
  const processes: ChildProcess[] = [];
  try {
    for (let i = 0; i < count; i++) {
      processes.push(spawn(process.execPath, ['-e', SPIN], { stdio: 'ignore' }));
    }
    return work();
  } finally {
    for (const one of processes) one.kill('SIGKILL');
  }
}
