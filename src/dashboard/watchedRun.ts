import { SinglePathError } from '../core/errors.js';
import { settingsOf, statusOf, stepsOf } from '../pipeline/report/runFacts.js';
import { readRun, type StoredRun } from '../pipeline/runs/runs.js';
import { readHeader } from '../run/header.js';
import { readImageRecord } from '../run/images.js';
import type { Series } from '../run/series.js';
import { Timeline } from '../run/timeline.js';
import type { RunDetails, RunSummary, SeriesDocument } from './protocol.js';
import type { ScannedRun } from './scan.js';

const SPARK_POINTS = 40;

interface MainCurve {
  series: SeriesName;
  metric: string;
  best: 'least' | 'greatest';
}

/** The curve that tells most of a run of each kind, and which of its values is the best. */
const MAIN: Record<string, MainCurve> = {
  train: { series: 'train', metric: 'loss', best: 'least' },
  search: { series: 'search', metric: 'best', best: 'greatest' },
  retrain: { series: 'validation', metric: 'accuracy', best: 'greatest' },
};
const SERIES = ['train', 'validation', 'search', 'baseline'] as const;
type SeriesName = (typeof SERIES)[number];

/** A run that is looked at while it goes on. */
export class WatchedRun {
  readonly timeline: Timeline;
  #stored: StoredRun | undefined;
  #kind = 'unknown';
  #space = '';
  #problem: string | undefined;
  #last = '';
  #opened = false;

  constructor(readonly place: ScannedRun) {
    this.timeline = new Timeline(place.path);
  }

  /** Whether it only holds the runs of its stages. */
  get isWhole(): boolean {
    this.#open();
    return this.#kind === 'run';
  }

  /** Reads what was appended, for at most so long. @returns whether its summary changed. */
  advance(milliseconds: number): boolean {
    this.#open();
    const until = performance.now() + milliseconds;
    try {
      for (let more = true; more && performance.now() < until; ) {
        const advanced = this.timeline.advance();
        // Another run may be in the folder now.
        if (advanced.reset) this.#opened = false;
        more = advanced.more;
      }
    } catch (error) {
      this.#problem = describe(error);
    }
    this.#open();
    const text = JSON.stringify(this.summary());
    const changed = text !== this.#last;
    this.#last = text;
    return changed;
  }

  summary(): RunSummary {
    const { id, folder, name, path } = this.place;
    const { timeline } = this;
    const { step, time, seconds, peakMemory, incidents } = timeline;
    const main = MAIN[this.#kind];
    const series = main && timeline[main.series];
    const best = main && bestOf(timeline, main);
    const steps = this.#steps();
    const rate = timeline.train.last('imagesPerSecond')?.value;
    const waiting = timeline.train.last('waitingForData')?.value;
    const status = statusOf(path, timeline);
    const left = status === 'running' && steps !== null ? secondsLeft(timeline, steps) : undefined;
    const spark = main && (series!.length > 1 ? series! : timeline.train);
    const metric = spark === series ? main?.metric : 'loss';
    return {
      id,
      folder,
      name,
      kind: this.#kind,
      space: this.#space,
      status,
      ...(this.#problem !== undefined && { problem: this.#problem }),
      read: timeline.progress,
      step,
      steps,
      ...(best && { best }),
      ...(rate !== undefined && { imagesPerSecond: rate }),
      ...(waiting !== undefined && { waitingForData: waiting }),
      ...(left !== undefined && { left }),
      seconds,
      peakMemory,
      incidents: incidents.length,
      begun: timeline.begun,
      time,
      spark:
        spark === undefined ? [] : spark.points(metric!, { most: SPARK_POINTS }).map(({ value }) => value),
    };
  }

  details(): RunDetails {
    const { timeline } = this;
    return {
      ...this.summary(),
      metrics: SERIES.flatMap((name) => timeline[name].metrics.map((metric) => `${name}/${metric}`)),
      incidentList: timeline.incidents.map(({ type, step, text }) => ({ type, step, text })),
      settings:
        this.#stored === undefined
          ? []
          : settingsOf(this.#stored.config, this.place.path).map(([path, value]) => [path, value]),
    };
  }

  /** A curve; undefined where it has none of that name. */
  series(
    name: string,
    range: { from?: number | undefined; to?: number | undefined; most?: number | undefined },
  ): SeriesDocument | undefined {
    const slash = name.indexOf('/');
    const [kind, metric] = [name.slice(0, slash), name.slice(slash + 1)];
    const series: Series | undefined = SERIES.includes(kind as SeriesName)
      ? this.timeline[kind as SeriesName]
      : undefined;
    if (series === undefined || !series.metrics.includes(metric)) return undefined;
    const { from = 0, to = Number.POSITIVE_INFINITY, most = 2000 } = range;
    const points = series.points(metric, { from, to, most });
    return {
      metric: name,
      steps: points.map(({ step }) => step),
      times: points.map(({ time }) => (time - this.timeline.begun) / 1000),
      values: points.map(({ value }) => value),
      total: series.count(from, to),
    };
  }

  #open(): void {
    if (this.#opened) return;
    try {
      const { kind, spaceName } = readHeader(this.place.path);
      this.#kind = kind;
      this.#space = spaceName;
      this.#problem = undefined;
      if (kind !== 'run') this.#stored = readRun(this.place.path, 'train', 'search', 'retrain');
      this.#opened = true;
    } catch (error) {
      this.#problem = describe(error);
      // It may be half-written: looked at again when something is appended.
      this.#opened = this.#problem === this.#lastProblem;
      this.#lastProblem = this.#problem;
    }
  }
  #lastProblem: string | undefined;

  #steps(): number | null {
    if (this.#stored === undefined) return null;
    try {
      return stepsOf(this.#stored, readImageRecord(this.place.path)?.train?.images);
    } catch {
      return null;
    }
  }
}

function bestOf(timeline: Timeline, { series: name, metric, best }: MainCurve): RunSummary['best'] {
  const series = timeline[name];
  const found = series.best(metric, best);
  if (found === undefined) return undefined;
  const { step, value } = found;
  const [generation] = series.points('generation', { from: step, to: step });
  return { metric: `${name}/${metric}`, value, step, ...(generation && { generation: generation.value }) };
}

/** From the speed of the process that works on it now. */
function secondsLeft({ step, firstStep, time, processBegun }: Timeline, steps: number): number | undefined {
  const done = step - firstStep;
  if (done <= 0 || step >= steps) return undefined;
  return (((time - processBegun) / done) * (steps - step)) / 1000;
}

function describe(error: unknown): string {
  if (error instanceof SinglePathError)
    return error.hint === undefined ? error.message : `${error.message} (${error.hint})`;
  return error instanceof Error ? error.message : String(error);
}
