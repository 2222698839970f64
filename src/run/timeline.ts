import { join } from 'node:path';
import { checkArguments } from '../core/check.js';
import type { RunEnvironment } from './environment.js';
import { EVENTS_FILE, type RunEvent } from './events.js';
import { LineTail } from './lineTail.js';
import { Series } from './series.js';

/** Something people should know of, in the order in which it happened. */
export interface Incident {
  type: 'skipped' | 'stalled' | 'failed' | 'resumed' | 'damaged';
  step: number;
  text: string;
}

/** Incidents kept; of a file of damaged lines the first ones say enough. */
const MOST_INCIDENTS = 200;

/**
 * What the events of a run say, read as they are appended: curves in typed arrays and the few facts around them, as if the
 * run had never been stopped (`readEvents` has the rule). It never holds the events themselves.
 */
export class Timeline {
  /** Means of training steps, validations, and the generations of a search and of its baseline. */
  readonly train = new Series();
  readonly validation = new Series();
  readonly search = new Series();
  readonly baseline = new Series();
  incidents: Incident[] = [];
  /** Events that were read. */
  events = 0;
  /** Last step, and when it was, in milliseconds since 1970. */
  step = 0;
  time = 0;
  ended: 'finished' | 'failed' | undefined;
  environment: RunEnvironment | undefined;
  /** Largest memory of a process that worked on the run, in bytes; 0 where unknown. */
  peakMemory = 0;
  /** Times a process began. */
  starts = 0;
  /** When the run began, and when the process that works on it did; and the step at which that was. */
  begun = 0;
  processBegun = 0;
  firstStep = 0;
  #seconds = 0;
  readonly #tail: LineTail;

  constructor(readonly runDir: string) {
    checkArguments('Timeline', { path: runDir });
    this.#tail = new LineTail(join(runDir, EVENTS_FILE));
  }

  /** Seconds that processes worked on the run, steps that were run twice included. */
  get seconds(): number {
    return this.#seconds + Math.max(0, this.time - this.processBegun) / 1000;
  }

  /** Share of the events that was read, in [0, 1]. */
  get progress(): number {
    return this.#tail.progress;
  }

  /**
   * Reads what was appended.
   *
   * @returns whether anything changed, whether all before is void (the folder was made anew), and whether there is more.
   * @throws SinglePathError `IO`
   */
  advance(): { changed: boolean; reset: boolean; more: boolean } {
    const { lines, reset, more } = this.#tail.read();
    if (reset) this.#clear();
    for (const line of lines) this.#readLine(line);
    return { changed: reset || lines.length > 0, reset, more };
  }

  /** Reads to the end. */
  readAll(): this {
    while (this.advance().more);
    return this;
  }

  #readLine(line: string): void {
    let event: RunEvent & { time?: string };
    try {
      event = JSON.parse(line) as RunEvent;
    } catch {
      event = { type: 'failed', step: Number.NaN };
    }
    if (event === null || typeof event !== 'object' || !Number.isFinite(event.step)) {
      this.#note({
        type: 'damaged',
        step: this.step,
        text: `line ${this.events + 1} of ${EVENTS_FILE} is no event`,
      });
      this.events++;
      return;
    }
    this.events++;
    this.#apply(event, Date.parse(event.time ?? '') || this.time);
  }

  #apply(event: RunEvent, time: number): void {
    const { type, step } = event;
    if (type === 'started' || type === 'resumed') this.#begin(event, time);
    [this.step, this.time] = [step, time];
    if (typeof event.peakMemory === 'number') this.peakMemory = Math.max(this.peakMemory, event.peakMemory);
    switch (type) {
      case 'step':
        this.train.append(step, time, { ...numbersIn(event), ...waiting(event) });
        break;
      case 'validation':
        this.validation.append(step, time, numbersIn(event));
        break;
      case 'generation':
        (event.phase === 'baseline' ? this.baseline : this.search).append(step, time, numbersIn(event));
        break;
      case 'finished':
        this.ended = 'finished';
        break;
      case 'failed':
        this.ended = 'failed';
        this.#note({ type, step, text: String(event.error) });
        break;
      case 'skipped':
        this.#note({ type, step, text: String(event.error) });
        break;
      case 'stalled':
        this.#note({ type, step, text: `nothing was learned by step ${step}: the loss is that of guessing` });
        break;
    }
  }

  #begin(event: RunEvent, time: number): void {
    this.#seconds = this.starts === 0 ? 0 : this.seconds;
    if (this.starts === 0) this.begun = time;
    [this.processBegun, this.firstStep] = [time, event.step];
    this.starts++;
    this.ended = undefined;
    this.environment = (event.environment as RunEnvironment | undefined) ?? this.environment;
    if (event.type !== 'resumed') return;
    for (const series of [this.train, this.validation, this.search, this.baseline])
      series.truncate(event.step);
    this.#note({ type: 'resumed', step: event.step, text: `went on from step ${event.step}` });
  }

  #note(incident: Incident): void {
    if (this.incidents.length < MOST_INCIDENTS) this.incidents.push(incident);
  }

  #clear(): void {
    for (const series of [this.train, this.validation, this.search, this.baseline]) series.truncate(-1);
    this.incidents = [];
    [this.events, this.step, this.time, this.starts, this.peakMemory] = [0, 0, 0, 0, 0];
    [this.#seconds, this.begun, this.processBegun, this.firstStep] = [0, 0, 0, 0];
    this.ended = undefined;
  }
}

/** The numbers an event says, but for its step. */
function numbersIn(event: RunEvent): Record<string, number> {
  return Object.fromEntries(
    Object.entries(event).filter(
      (entry): entry is [string, number] =>
        typeof entry[1] === 'number' && entry[0] !== 'step' && entry[0] !== 'peakMemory',
    ),
  );
}

/** Share of the time in which the network waited for images. */
function waiting({ data, imagesPerSecond, seconds }: RunEvent): { waitingForData?: number } {
  const wait = (data as { wait?: number } | undefined)?.wait;
  if (typeof wait !== 'number' || typeof imagesPerSecond !== 'number' || typeof seconds !== 'number')
    return {};
  return { waitingForData: Math.min(1, wait / seconds) };
}
