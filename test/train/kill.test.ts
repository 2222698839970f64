import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { RandomStream } from '../../src/core/rng.js';
import { readEvents } from '../../src/run/events.js';
import { addon, addonCandidates } from '../../src/runtime/addon.js';
import { freshPath } from '../run/fixtures.js';

const child = fileURLToPath(new URL('./child.js', import.meta.url));

/** Runs the child, killed without warning so many milliseconds after it began to work; true when it ended by itself. */
async function attempt(work: string, path: string, kind: string, killAfter: number | null): Promise<boolean> {
  const process_ = spawn(process.execPath, [child, work, path, kind], { stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  process_.stderr.on('data', (text) => {
    errors += text;
  });
  if (killAfter !== null) {
    process_.stdout.once('data', () => setTimeout(() => process_.kill('SIGKILL'), killAfter));
  } else process_.stdout.resume();
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    process_.once('exit', (...end) => resolve(end)),
  );
  if (signal === 'SIGKILL') return false;
  assert.equal(code, 0, errors);
  return true;
}

/** What must not depend on how often a run was killed. */
function outcome(path: string) {
  const events = readEvents(join(path, 'events.jsonl'))
    .filter(({ type }) => type === 'step' || type === 'generation')
    .map(({ time: _, imagesPerSecond: __, ...event }) => event);
  const last = readdirSync(join(path, 'checkpoints')).sort().at(-1)!;
  const weights = join(path, 'checkpoints', last, 'weights.safetensors');
  return {
    result: readFileSync(join(path, 'result.json'), 'utf8'),
    events,
    last,
    weights: existsSync(weights) ? readFileSync(weights) : null,
  };
}

async function killedAndResumed(work: string, kind: string, kills: number, longest: number): Promise<void> {
  const whole = freshPath();
  assert.ok(await attempt(work, whole, kind, null));
  const killed = freshPath();
  const random = new RandomStream(Date.now(), 'test', 0);
  const waits = Array.from({ length: kills }, () => random.integer(longest));
  let resumed = 0;
  for (const wait of waits) if (!(await attempt(work, killed, kind, wait))) resumed++;
  assert.ok(resumed > 0, 'no attempt was killed before its end');
  assert.ok(await attempt(work, killed, kind, null));
  assert.deepEqual(outcome(killed), outcome(whole), `killed after ${waits} ms`);
}

test('a training killed at random points resumes to the bit-identical result', async () => {
  await killedAndResumed('train', 'fake', 5, 120);
});

test('a search killed at random points resumes to the identical result', async () => {
  await killedAndResumed('search', 'fake', 4, 40);
});

/** Why the addon cannot be used here; false when it can. */
function noAddon(): string | false {
  try {
    return 'Network' in addon() && 'Loader' in addon() ? false : 'the addon has no Network yet';
  } catch (error) {
    if (addonCandidates().some((path) => existsSync(path))) throw error;
    return 'no native addon: run `npx singlepath build`';
  }
}
const skip = noAddon();

test('the same for libtorch: training', { skip }, async () => {
  await killedAndResumed('train', 'native', 4, 1500);
});

test('the same for libtorch: search', { skip }, async () => {
  await killedAndResumed('search', 'native', 3, 1500);
});
