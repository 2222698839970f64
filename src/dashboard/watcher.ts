import { resolve } from 'node:path';
import { collectReport } from '../pipeline/report/collectReport.js';
import { reportSections } from '../report/html/page.js';
import type { RunSummary, Update } from './protocol.js';
import { scanRuns } from './scan.js';
import { WatchedRun } from './watchedRun.js';

const POLL_MS = 250;
/** Of runs that are finished, and of the folder. */
const [SLOW_MS, SCAN_MS] = [900, 2000];
/** Time a run may take in one look: a file of a million events is read in pieces between requests. */
const SLICE_MS = 40;
/** Sections of a report are drawn again at most so often. */
const DRAW_MS = 2000;

/** Looks after all runs below a folder and tells what changed. */
export class Watcher implements Disposable {
  readonly #runs = new Map<string, WatchedRun>();
  readonly #drawn = new Map<string, { at: number; state: string; sections: string[] }>();
  readonly #listeners = new Set<(update: Update) => void>();
  readonly #looked = new Map<string, number>();
  #scanned = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(readonly root: string) {}

  /** Starts looking. */
  start(): void {
    const look = (): void => {
      this.look();
      const reading = [...this.#runs.values()].some(({ timeline }) => timeline.progress < 1);
      this.#timer = setTimeout(look, reading ? 1 : POLL_MS);
    };
    look();
  }

  /** Looks once at what is due. */
  look(now = performance.now()): void {
    const removed = now - this.#scanned >= SCAN_MS ? this.#scan(now) : [];
    const changed: RunSummary[] = [];
    for (const [id, run] of this.#runs) {
      const running = run.timeline.ended === undefined || run.timeline.progress < 1;
      if (!running && now - (this.#looked.get(id) ?? 0) < SLOW_MS) continue;
      this.#looked.set(id, now);
      if (run.advance(SLICE_MS) && !run.isWhole) changed.push(run.summary());
    }
    if (changed.length === 0 && removed.length === 0) return;
    for (const listener of this.#listeners) listener({ runs: changed, removed });
  }

  summaries(): RunSummary[] {
    return [...this.#runs.values()].filter((run) => !run.isWhole).map((run) => run.summary());
  }

  run(id: string): WatchedRun | undefined {
    return this.#runs.get(id);
  }

  /**
   * The sections of a run's report, as markup that is escaped.
   *
   * @throws SinglePathError what collectReport throws.
   */
  sections(run: WatchedRun): string[] {
    const { id, path } = run.place;
    const state = JSON.stringify([run.timeline.events, run.timeline.ended, run.summary().status]);
    const known = this.#drawn.get(id);
    if (known !== undefined && (known.state === state || performance.now() - known.at < DRAW_MS))
      return known.sections;
    const watched = new Map([...this.#runs.values()].map((one) => [resolve(one.place.path), one.timeline]));
    const facts = collectReport([path], { timelineOf: (runDir) => watched.get(resolve(runDir)) });
    const sections = reportSections(facts);
    this.#drawn.set(id, { at: performance.now(), state, sections });
    return sections;
  }

  /** @returns what stops telling. */
  listen(listener: (update: Update) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  #scan(now: number): string[] {
    this.#scanned = now;
    const found = new Map(scanRuns(this.root).map((place) => [place.id, place]));
    const removed = [...this.#runs.keys()].filter((id) => !found.has(id));
    for (const id of removed) {
      for (const map of [this.#runs, this.#drawn, this.#looked]) map.delete(id);
    }
    for (const [id, place] of found) if (!this.#runs.has(id)) this.#runs.set(id, new WatchedRun(place));
    return removed;
  }
}
