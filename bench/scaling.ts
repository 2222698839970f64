/** Data-parallel training: ranks of one thread each beside one process of one thread, and of as many as there are ranks. */

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
  ranks: number;
  threads: number;
  /** Images a step. */
  batch: number;
}

interface Measured {
  /** Milliseconds a step. */
  step: number;
  /** Part of the step in which ranks exchanged gradients, or waited for each other. */
  communication: number;
}

export async function scaling({ batch, size, steps, rounds, ranks, json }: BenchSettings): Promise<void> {
  const sides: Side[] = [
    { name: '1 process of 1 thread', ranks: 1, threads: 1, batch },
    { name: `1 process of ${ranks} threads`, ranks: 1, threads: ranks, batch: ranks * batch },
    { name: `${ranks} ranks of 1 thread`, ranks, threads: 1, batch: ranks * batch },
  ];
  const measured = new Map<Side, Measured[]>(sides.map((side) => [side, []]));
  for (let round = 0; round < rounds; round++) {
    for (const side of sides) measured.get(side)!.push(await measure(side, size, steps));
  }
  const results = sides.map((side) => {
    const all = measured.get(side)!;
    const step = median(all.map((one) => one.step));
    return {
      ...side,
      step,
      rate: (1000 * side.batch) / step,
      communication: median(all.map((one) => one.communication)),
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
  const [one, wide, group] = results as [(typeof results)[0], (typeof results)[0], (typeof results)[0]];
  console.log(
    `weak scaling: ${(group.rate / (ranks * one.rate)).toFixed(2)} of ${ranks} processes that know nothing of each other`,
  );
  console.log(`against 1 process of ${ranks} threads: ${(group.rate / wide.rate).toFixed(2)} x`);
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(results, null, 2)}\n`);
}

async function measure({ ranks, threads, batch }: Side, size: number, steps: number): Promise<Measured> {
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
    const args = ['train', '-q', '-d', join(folder, 'run'), ...settings.flatMap((one) => ['--set', one])];
    const port = await freePort();
    await Promise.all(
      Array.from({ length: ranks }, (_, rank) =>
        finished(args, {
          ...{
            RANK: String(rank),
            WORLD_SIZE: String(ranks),
            MASTER_ADDR: '127.0.0.1',
            MASTER_PORT: String(port),
          },
          OMP_NUM_THREADS: String(threads),
        }),
      ),
    );
    const events = readEvents(join(folder, 'run', 'events.jsonl'))
      .filter(({ type }) => type === 'step')
      .slice(WARM_UP) as unknown as { imagesPerSecond: number; communication?: number }[];
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
