/** What `singlepath dashboard` needs to show a run of many events: memory, and how long people wait. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunDetails, SeriesDocument, Update } from '../../src/dashboard/protocol.js';
import { SPIKE, spikeOf, stepEvent, writeLongRun } from './longRun.js';

const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

export interface LongRunMeasures {
  events: number;
  /** Seconds from the first request until all events are read. */
  reading: number;
  /** Slowest answers, in seconds: the list while events are read; then a whole curve, a part of it, the sections of the report. */
  list: number;
  curve: number;
  part: number;
  sections: number;
  /** Seconds from an appended event to the message that a page gets. */
  appended: number;
  /** Largest memory of the server in bytes; undefined where the system does not say. */
  memory: number | undefined;
  /** Bytes of the answer with the whole curve. */
  curveBytes: number;
}

/** @param heap megabytes that the JavaScript objects of the server may take; with more it ends. */
export async function measureLongRun(folder: string, events: number, heap: number): Promise<LongRunMeasures> {
  using run = await writeLongRun(join(folder, 'long'), events);
  const server = spawn(
    process.execPath,
    [`--max-old-space-size=${heap}`, MAIN, 'dashboard', folder, '--port', '0'],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  try {
    const [line] = (await once(server.stdout!, 'data')) as [Buffer];
    const url = line.toString().trim();
    const [reading, list, id] = await waitUntilRead(url, events);
    const address = `${url}api/runs/${id}`;
    const curveOf = async (range: string) => {
      const [seconds, text] = await slowest(`${address}/series?metric=train/loss${range}`);
      return { seconds, bytes: text.length, ...(JSON.parse(text) as SeriesDocument) };
    };
    const whole = await curveOf('');
    const spike = spikeOf(events);
    expect(whole.total === events, `the curve has ${whole.total} of ${events} points`);
    expect(whole.values.length <= 2000, `${whole.values.length} points are sent`);
    expect(whole.values.includes(SPIKE), 'the spike is in the whole curve');
    const part = await curveOf(`&from=${spike - 500}&to=${spike + 500}`);
    expect(part.steps.length === 1001 && part.values[500] === SPIKE, 'a part is exact');
    const [sections, text] = await slowest(`${address}/sections`, 1);
    expect(text.includes('Training'), 'the sections are those of a training');
    const appended = await slowestAppend(url, run.path, id, events);
    return {
      events,
      reading,
      list,
      curve: whole.seconds,
      part: part.seconds,
      sections,
      appended,
      memory: peakMemory(server),
      curveBytes: whole.bytes,
    };
  } finally {
    server.kill('SIGINT');
    if (server.exitCode === null) await once(server, 'exit');
  }
}

function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(`Expected otherwise: ${what}`);
}

/** @returns seconds until everything is read, the slowest answer meanwhile, and the id of the run. */
async function waitUntilRead(url: string, events: number): Promise<[number, number, string]> {
  const start = performance.now();
  for (let slow = 0; ; ) {
    const asked = performance.now();
    const { runs } = (await (await fetch(`${url}api/runs`)).json()) as { runs: RunDetails[] };
    slow = Math.max(slow, secondsSince(asked));
    const [run] = runs;
    if (run !== undefined && run.read === 1 && run.step === events)
      return [secondsSince(start), slow, run.id];
    await new Promise((done) => setTimeout(done, 20));
  }
}

/** The slowest of some answers, and the last one's text. */
async function slowest(address: string, times = 5): Promise<[number, string]> {
  let [seconds, text] = [0, ''];
  for (let i = 0; i < times; i++) {
    const start = performance.now();
    text = await (await fetch(address)).text();
    seconds = Math.max(seconds, secondsSince(start));
  }
  return [seconds, text];
}

/** The slowest of five events on its way from the file to a page. */
async function slowestAppend(url: string, path: string, id: string, events: number): Promise<number> {
  const response = await fetch(`${url}events`);
  let heard = '';
  let [wanted, tell] = [0, () => {}];
  const decoder = new TextDecoder();
  void (async () => {
    for await (const chunk of response.body!) {
      heard += decoder.decode(chunk as Uint8Array, { stream: true });
      const messages = heard.split('\n\n');
      heard = messages.pop()!;
      for (const message of messages) {
        if (!message.startsWith('data: ')) continue;
        const { runs } = JSON.parse(message.slice(6)) as Update;
        if (runs.some((run) => run.id === id && run.step === wanted)) tell();
      }
    }
  })().catch(() => {}); // the server has ended
  let slow = 0;
  for (let i = 1; i <= 5; i++) {
    wanted = events + i;
    const seen = new Promise<void>((done) => {
      tell = done;
    });
    const start = performance.now();
    appendFileSync(join(path, 'events.jsonl'), stepEvent(wanted, 1));
    await seen;
    slow = Math.max(slow, secondsSince(start));
  }
  return slow;
}

function secondsSince(start: number): number {
  return (performance.now() - start) / 1000;
}

/** Of a process of Linux. */
function peakMemory({ pid }: ChildProcess): number | undefined {
  try {
    const [, kilobytes] = /^VmHWM:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kilobytes === undefined ? undefined : 1024 * Number(kilobytes);
  } catch {
    return undefined;
  }
}
