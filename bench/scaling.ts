/**
 * Data-parallel training: ranks of one thread each beside one process of one thread, one of as many threads as there are
 * ranks, and as many processes that know nothing of each other: what is lost to the machine that they share is not lost to
 * communication.
 */

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readEvents } from '../src/run/events.js';
import type { BenchSettings } from './settings.js';
import { median } from './statistics.js';

const MAIN = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));
/** Steps before the clock runs. */
const WARM_UP = 3;

interface Side {
  name: string;
  processes: number;
  /** They train together. */
  together: boolean;
  threads: number;
  /** Images a step, of all processes. */
  batch: number;
}

interface Measured {
  /** Milliseconds a step. */
  step: number;
  /** Part of the step in which ranks exchanged gradients, or waited for each other. */
  communication: number;
}

export async function scaling({ batch, size, steps, rounds, ranks, json }: BenchSettings): Promise<void> {
  const all = ranks * batch;
  const sides: Side[] = [
    { name: '1 process of 1 thread', processes: 1, together: false, threads: 1, batch },
    { name: `1 process of ${ranks} threads`, processes: 1, together: false, threads: ranks, batch: all },
    { name: `${ranks} processes of 1 thread`, processes: ranks, together: false, threads: 1, batch: all },
    { name: `${ranks} ranks of 1 thread`, processes: ranks, together: true, threads: 1, batch: all },
  ];
  const measured = new Map<Side, Measured[]>(sides.map((side) => [side, []]));
  for (let round = 0; round < rounds; round++) {
    for (const side of sides) measured.get(side)!.push(await measure(side, size, steps));
  }
  const results = sides.map((side) => {
    const rounded = measured.get(side)!;
    const step = median(rounded.map((one) => one.step));
    return {
      ...side,
      step,
      rate: (1000 * side.batch) / step,
      communication: median(rounded.map((one) => one.communication)),
    };
  });
  console.log(`spos-shufflenet-v2 at ${size} x ${size}, ${steps} steps a round, medians of ${rounds} rounds`);
  for (const { name, batch: images, step, rate, communication } of results) {
    const share = `${(100 * communication).toFixed(1)} %`;
    console.log(
      `${name.padEnd(24)} ${String(images).padStart(4)} images a step  ${step.toFixed(0).padStart(5)} ms  ` +
        `${rate.toFixed(1).padStart(7)} images/s  communication ${share}`,
    );
  }
  const [one, wide, apart, group] = results.map(({ rate }) => rate) as [number, number, number, number];
  console.log(
    `weak scaling: ${(group / (ranks * one)).toFixed(2)} = ${(apart / (ranks * one)).toFixed(2)} of the machine ` +
      `(processes apart) x ${(group / apart).toFixed(2)} of working together`,
  );
  console.log(`against 1 process of ${ranks} threads: ${(group / wide).toFixed(2)} x`);
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(results, null, 2)}\n`);
}

async function measure(side: Side, size: number, steps: number): Promise<Measured> {
  const { processes, together, threads } = side;
  const batch = together ? side.batch : side.batch / processes;
  const folder = mkdtempSync(join(tmpdir(), 'singlepath-bench-'));
  try {
    const settings = [
      ...['space.name=spos-shufflenet-v2', `space.size=${size}`, 'space.classes=10', 'data.kind=synthetic'],
      ...[
        `data.trainImages=${4 * batch}`,
        'data.heldOut=0',
        'data.augment=none',
        'train.checkpointEvery=1000000',
      ],
      ...[
        `train.batchSize=${batch}`,
        `train.steps=${WARM_UP + steps}`,
        'train.logEvery=1',
        'train.learningRate=0.01',
      ],
      ...[`runtime.threads=${threads}`],
    ];
    const runs = Array.from({ length: together ? 1 : processes }, (_, run) => join(folder, `run ${run}`));
    const port = await freePort();
    await Promise.all(
      Array.from({ length: processes }, (_, process) => {
        const place = { RANK: String(process), WORLD_SIZE: String(processes) };
        const run = together ? runs[0]! : runs[process]!;
        return finished(['train', '-q', '-d', run, ...settings.flatMap((one) => ['--set', one])], {
          ...(together && { ...place, MASTER_ADDR: '127.0.0.1', MASTER_PORT: String(port) }),
          OMP_NUM_THREADS: String(threads),
        });
      }),
    );
    const events = runs.flatMap(
      (run) =>
        readEvents(join(run, 'events.jsonl'))
          .filter(({ type }) => type === 'step')
          .slice(WARM_UP) as unknown as { imagesPerSecond: number; communication?: number }[],
    );
    return {
      step: median(events.map(({ imagesPerSecond }) => (1000 * batch) / imagesPerSecond)),
      communication: median(events.map(({ communication = 0 }) => communication)),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function finished(args: readonly string[], env: Record<string, string>): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`singlepath train ended with ${code}`)),
    );
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
