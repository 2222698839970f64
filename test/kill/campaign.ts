import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { RandomStream } from '../../src/core/rng.js';
import type { Work } from './works.js';

export interface Campaign {
  /** Folder for the runs. */
  root: string;
  /** Decides when processes are killed. */
  seed: number;
  /** Kills of one run, at least one of which has to hit. */
  kills: number;
}

/**
 * Runs a work once undisturbed, and once killed again and again (SIGKILL, at random moments after it has begun) until it
 * is left to end. Both must leave the same.
 *
 * @returns how many processes were killed.
 */
export async function killedAndResumed(work: Work, { root, seed, kills }: Campaign): Promise<number> {
  const [whole, killed] = ['whole', 'killed'].map((name) => join(root, `${name}-${seed}`)) as [
    string,
    string,
  ];
  for (const folder of [whole, killed]) {
    mkdirSync(folder, { recursive: true });
    work.prepare?.(folder);
  }
  assert.ok(await attempt(work, whole, null));
  const random = new RandomStream(seed, 'test', 0);
  const waits = Array.from({ length: kills }, () => random.integer(work.longest));
  let hits = 0;
  for (const wait of waits) if (!(await attempt(work, killed, wait))) hits++;
  assert.ok(await attempt(work, killed, null));
  assert.deepEqual(work.outcome(killed), work.outcome(whole), `seed ${seed}: killed after ${waits} ms`);
  return hits;
}

/** Starts the work and kills it so many milliseconds after it has begun; true when it ended by itself. */
async function attempt(work: Work, folder: string, killAfter: number | null): Promise<boolean> {
  const child = spawn(process.execPath, work.command(folder), { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let timer: NodeJS.Timeout | undefined;
  const read = (data: Buffer): void => {
    output += data.toString();
    if (killAfter === null || timer !== undefined || !work.begun.test(output)) return;
    timer = setTimeout(() => child.kill('SIGKILL'), killAfter);
  };
  if (work.begun.test('')) read(Buffer.from(''));
  for (const stream of [child.stdout, child.stderr]) stream.on('data', read);
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    child.once('close', (...end) => resolve(end)),
  );
  clearTimeout(timer);
  if (signal === 'SIGKILL') return false;
  assert.equal(code, 0, output);
  return true;
}
