import { existsSync } from 'node:fs';
import { AppendFile, readJsonLines } from './appendFile.js';

/** In a run directory. */
export const EVENTS_FILE = 'events.jsonl';

/** What can happen in a run: docs/run-directory.md has a row for each. */
export type RunEventType =
  | 'started'
  | 'resumed'
  | 'step'
  | 'stalled'
  | 'validation'
  | 'generation'
  | 'stage'
  | 'checkpoint'
  | 'skipped'
  | 'finished'
  | 'failed';

/** One line of `events.jsonl`. `step` counts optimizer steps (train, retrain), generations (search) or stages (run). */
export interface RunEvent {
  type: RunEventType;
  step: number;
  [detail: string]: unknown;
}

/** `events.jsonl`: what happened in a run, one JSON object a line, never rewritten. */
export class EventLog implements Disposable {
  readonly #file: AppendFile;

  constructor(path: string) {
    this.#file = new AppendFile(path);
    this.#file.dropTornLine();
  }

  /** Appends one event with the present time. */
  append(event: RunEvent): void {
    this.#file.append(Buffer.from(`${JSON.stringify({ time: new Date().toISOString(), ...event })}\n`));
  }

  sync(): void {
    this.#file.sync();
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}

/**
 * The events of a run as if it had never been stopped: a `resumed` event at step s takes back every earlier event
 * beyond s, because those steps are run again. A torn last line (the process was killed) is left out, and so is a
 * validation that a later one of the same step repeats.
 *
 * @throws SinglePathError `IO`, or `INVALID_CHECKPOINT` for a broken line elsewhere.
 */
export function readEvents(path: string): RunEvent[] {
  if (!existsSync(path)) return [];
  let events: RunEvent[] = [];
  for (const event of readJsonLines<RunEvent>(path, {
    what: 'a JSON event',
    hint: 'the file is damaged: remove the line, or start again in a new run directory',
  })) {
    if (event.type === 'resumed') events = events.filter((earlier) => earlier.step <= event.step);
    events.push(event);
  }
  // A process killed between its last validation and its end validates again, with the same numbers.
  const last = new Map(
    events.filter(({ type }) => type === 'validation').map((event) => [event.step, event]),
  );
  return events.filter((event) => event.type !== 'validation' || last.get(event.step) === event);
}
