import type { Logger } from '../log/logger.js';
import { hasTerminal, keepStatus, showStatus, statusWidth } from '../log/terminal.js';
import { type BarState, formatBar } from './bar.js';
import { formatDuration } from './format.js';

/** Shows how far a long work has come. */
export interface Progress {
  /** Tells that `done` of the total are done; `fields` are shown beside it, in their order. */
  update(done: number, fields: Record<string, string>): void;
  /** Leaves the last state on the screen; a second call does nothing. */
  stop(): void;
}

export interface ProgressOptions {
  title: string;
  total: number;
  logger: Logger;
  /** Where there is no terminal, a line is printed each time this many more are done. Absent: no lines are printed. */
  every?: number;
  /** False prints lines even on a terminal. */
  bar?: boolean;
  /** True shows neither a bar nor lines. */
  quiet?: boolean;
}

const REDRAW_MS = 125;

const NOTHING: Progress = { update() {}, stop() {} };

/** A bar on a terminal, one log line per interval elsewhere. */
export function createProgress(options: ProgressOptions): Progress {
  if (options.quiet) return NOTHING;
  if (hasTerminal() && options.bar !== false) return barProgress(options);
  const { every } = options;
  return every === undefined ? NOTHING : lineProgress({ ...options, every });
}

function barProgress({ title, total }: ProgressOptions): Progress {
  const eta = new Remaining(total);
  let state: BarState = { title, done: 0, total, fields: {}, left: '?' };
  let drawn = Number.NEGATIVE_INFINITY;
  let stopped = false;
  const draw = (): void => {
    drawn = performance.now();
    showStatus(formatBar(state, statusWidth()));
  };
  draw();
  return {
    update(done, fields) {
      state = { title, done, total, fields, left: eta.at(done) };
      if (performance.now() - drawn >= REDRAW_MS) draw();
    },
    stop() {
      if (stopped) return;
      stopped = true;
      draw();
      keepStatus();
    },
  };
}

function lineProgress({ title, total, logger, every }: ProgressOptions & { every: number }): Progress {
  const eta = new Remaining(total);
  let next = 0;
  return {
    update(done, fields) {
      const left = eta.at(done);
      if (done < next && done < total) return;
      next = done - (done % every) + every;
      logger.info({ ...fields, eta: left }, `${title} ${done}/${total}`);
    },
    stop() {},
  };
}

/** Time left, from the mean speed since the first update (a resumed run does not start at 0). */
class Remaining {
  #start: { done: number; at: number } | undefined;

  constructor(readonly total: number) {}

  at(done: number): string {
    const now = performance.now();
    this.#start ??= { done, at: now };
    const { done: first, at } = this.#start;
    if (done >= this.total) return formatDuration(0);
    if (done <= first) return '?';
    return formatDuration((((now - at) / (done - first)) * (this.total - done)) / 1000);
  }
}

/**
 * Images per second over about the last `window` milliseconds. The first call only starts the clock: what came before
 * it is set-up.
 */
export class Throughput {
  #images = 0;
  #since: number | undefined;
  #rate: number | undefined;
  #settled = false;

  constructor(readonly window = 3000) {}

  /** @returns undefined at the first call. */
  add(images: number, now = performance.now()): number | undefined {
    if (this.#since === undefined) {
      this.#since = now;
      return undefined;
    }
    this.#images += images;
    const elapsed = now - this.#since;
    const whole = elapsed >= this.window;
    // Until the first window is full, its part so far is used.
    if (whole || !this.#settled) this.#rate = (1000 * this.#images) / Math.max(elapsed, 1);
    if (whole) {
      this.#settled = true;
      this.#images = 0;
      this.#since = now;
    }
    return this.#rate;
  }
}

/** The share of the time in which something waits, over about the last `window` milliseconds; undefined at first. */
export class WaitingShare {
  #from: { waited: number; at: number } | undefined;
  #share: number | undefined;

  constructor(readonly window = 3000) {}

  /** @param waited seconds in all so far. */
  add(waited: number, now = performance.now()): number | undefined {
    this.#from ??= { waited, at: now };
    const elapsed = now - this.#from.at;
    if (elapsed >= this.window) {
      this.#share = Math.min(1, (1000 * (waited - this.#from.waited)) / elapsed);
      this.#from = { waited, at: now };
    }
    return this.#share;
  }
}
