import type UPlot from 'uplot';
import { formatDuration, formatExact } from '../../report/format.js';
import type { SeriesDocument } from '../protocol.js';
import { byId, remember, remembered } from './dom.js';
import { curveTitle, formatValue } from './format.js';

/** Loaded by the page before this module. */
declare const uPlot: typeof UPlot;

export interface Line {
  name: string;
  series: SeriesDocument;
}

const COLOURS = ['--accent', '--warm', '--cool', '--muted', '--g2', '--g5'];
const DASHES = [[], [8, 5], [3, 4], [10, 4, 3, 4], [14, 4], [2, 2]];

/** Distances between ticks of steps. */
const WHOLE = Array.from({ length: 10 }, (_, power) =>
  [1, 2, 5].map((factor) => factor * 10 ** power),
).flat();

/** uPlot puts no ticks beside values of more digits than this: a loss that explodes reaches 38. */
const MOST_DIGITS = 15;

/** What the values of curves are divided by to be drawn: 1, where they are not that large. */
function unitOf(lines: readonly Line[]): number {
  let digits = 0;
  for (const { series } of lines)
    for (const value of series.values) digits = Math.max(digits, Math.floor(Math.log10(Math.abs(value))));
  return digits < MOST_DIGITS ? 1 : 10 ** digits;
}

/** Curves that can be zoomed: a range that is selected is fetched anew, so that it shows every point. */
export class Chart {
  #plot: UPlot | undefined;
  #key = '';
  #lines: readonly Line[] = [];

  constructor(
    readonly place: HTMLElement,
    /** Steps to look at; nothing for all. */
    readonly onRange: (from: number | undefined, to: number | undefined) => void,
  ) {
    new ResizeObserver(() => this.#plot?.setSize(this.#size())).observe(place);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.#key = '';
      this.draw(this.#lines);
    });
  }

  draw(lines: readonly Line[]): void {
    this.#lines = lines;
    const time = remembered('axis') === 'time';
    const unit = unitOf(lines);
    const tables = lines.map(
      ({ series }): UPlot.AlignedData => [
        time ? series.times : series.steps,
        unit === 1 ? series.values : series.values.map((value) => value / unit),
      ],
    );
    const data = tables.length === 0 ? ([[]] as unknown as UPlot.AlignedData) : uPlot.join(tables);
    const metric = lines[0]?.series.metric ?? '';
    const key = JSON.stringify([time, unit, metric, lines.map(({ name }) => name)]);
    if (this.#plot === undefined || key !== this.#key) this.#make(lines, metric, { time, unit });
    this.#key = key;
    this.#plot!.setData(data);
    this.#say(lines, metric);
  }

  #make(lines: readonly Line[], metric: string, { time, unit }: { time: boolean; unit: number }): void {
    this.#plot?.destroy();
    this.place.replaceChildren();
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const axis: UPlot.Axis = {
      stroke: colour('--muted'),
      grid: { stroke: colour('--line'), width: 1 },
      ticks: { stroke: colour('--line'), width: 1 },
      font: '12px system-ui, sans-serif',
    };
    const formatted = (drawn: number) => formatValue(metric, unit * drawn);
    const value = (_: UPlot, raw: number | null) => (raw == null ? '' : formatted(raw));
    const along = (raw: number) => (time ? formatDuration(raw) : formatExact(raw));
    this.#plot = new uPlot(
      {
        ...this.#size(),
        legend: { live: true },
        cursor: { drag: { x: true, y: false, setScale: false } },
        scales: { x: { time: false } },
        axes: [
          // Steps are whole.
          { ...axis, values: (_, splits) => splits.map(along), ...(!time && { incrs: WHOLE }) },
          { ...axis, size: 66, values: (_, splits) => splits.map(formatted) },
        ],
        series: [
          { label: time ? 'time' : 'step', value: (_, raw) => (raw == null ? '' : along(raw)) },
          ...lines.map(
            ({ name, series }, i): UPlot.Series => ({
              label: name,
              stroke: colour(COLOURS[i % COLOURS.length]!),
              dash: DASHES[i % DASHES.length]!,
              width: 1.75,
              value,
              spanGaps: true,
              points: { show: series.values.length < 40 },
            }),
          ),
        ],
        hooks: { setSelect: [(plot) => this.#selected(plot, time)] },
      },
      [[]] as unknown as UPlot.AlignedData,
      this.place,
    );
    this.#plot.over.addEventListener('dblclick', () => this.onRange(undefined, undefined));
    const canvas = this.place.querySelector('canvas');
    canvas?.setAttribute('role', 'img');
    canvas?.setAttribute('aria-label', curveTitle(metric));
  }

  #selected(plot: UPlot, time: boolean): void {
    const { left, width } = plot.select;
    if (width < 4) return;
    const [from, to] = [plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')];
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    if (!time) {
      this.onRange(Math.floor(from), Math.ceil(to));
      return;
    }
    // Curves are asked for by their steps.
    const steps = this.#lines.flatMap(({ series }) =>
      series.steps.filter((_, i) => series.times[i]! >= from && series.times[i]! <= to),
    );
    if (steps.length > 1) this.onRange(Math.min(...steps), Math.max(...steps));
  }

  /** The plot in words. */
  #say(lines: readonly Line[], metric: string): void {
    const texts = lines.map(({ name, series }) => {
      const last = series.values.at(-1);
      if (last === undefined) return `${name}: no values yet`;
      const shown =
        series.total > series.values.length
          ? ` (${formatExact(series.values.length)} of ${formatExact(series.total)} points, drag to zoom)`
          : '';
      return `${name}: ${formatValue(metric, last)} at step ${formatExact(series.steps.at(-1)!)}${shown}`;
    });
    byId('said').textContent = texts.join('; ');
  }

  #size(): { width: number; height: number } {
    const width = Math.max(260, this.place.clientWidth);
    return { width, height: width < 560 ? 260 : 360 };
  }
}

/** The controls above a chart: which curve, over what, which part of it; what is chosen stays in the address. */
export function chartControls(onChange: () => void): {
  metric: () => string;
  offer: (metrics: readonly string[]) => void;
  query: () => string;
  setRange: (from: number | undefined, to: number | undefined) => void;
} {
  const [metric, axis, whole] = [
    byId<HTMLSelectElement>('metric'),
    byId<HTMLSelectElement>('axis'),
    byId('whole'),
  ];
  axis.value = remembered('axis') === 'time' ? 'time' : 'step';
  const setRange = (from: number | undefined, to: number | undefined): void => {
    remember({ from: from === undefined ? '' : String(from), to: to === undefined ? '' : String(to) });
    whole.hidden = from === undefined;
    onChange();
  };
  whole.hidden = remembered('from') === '';
  metric.addEventListener('change', () => {
    remember({ metric: metric.value });
    onChange();
  });
  axis.addEventListener('change', () => {
    remember({ axis: axis.value === 'time' ? 'time' : '' });
    onChange();
  });
  whole.addEventListener('click', () => setRange(undefined, undefined));
  return {
    metric: () => metric.value,
    offer(metrics) {
      const known = [...metric.options].map(({ value }) => value);
      if (known.join() === metrics.join()) return;
      const chosen = metric.value || remembered('metric');
      metric.replaceChildren(
        ...metrics.map((name) => new Option(curveTitle(name), name, false, name === chosen)),
      );
    },
    query() {
      const [from, to] = [remembered('from'), remembered('to')];
      return `${from === '' ? '' : `&from=${from}`}${to === '' ? '' : `&to=${to}`}`;
    },
    setRange,
  };
}
