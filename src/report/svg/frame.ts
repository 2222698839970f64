import { element, label, type Size } from './element.js';
import { linearScale, type Scale, ticks } from './scale.js';

export interface Axis {
  /** What is on it. */
  title: string;
  domain: readonly [number, number];
  format: (value: number) => string;
}

/** The room inside the axes, and where values lie in it. */
export interface Frame {
  x: Scale;
  y: Scale;
  left: number;
  right: number;
  top: number;
  bottom: number;
  /** Grid, ticks and titles. */
  markup: string;
}

/** What a mark stands for. */
export interface Legend {
  name: string;
  mark: (x: number, y: number) => string;
}

const [TOP, BOTTOM, RIGHT] = [26, 38, 14];
/** Widths of a character, rather too large than too small. */
const [TICK_WIDTH, TEXT_WIDTH] = [7, 6.9];
const LEGEND_ROW = 17;

/** Axes of a plot: the title of y is above it and the legend beside that, or below where there is no room. */
export function frame(
  { width, height }: Size,
  horizontal: Axis,
  vertical: Axis,
  entries: readonly Legend[] = [],
): Frame {
  const [names, rows] = legend(entries, width - RIGHT, TEXT_WIDTH * vertical.title.length + 24);
  const top = TOP + rows * LEGEND_ROW;
  const yTicks = ticks(vertical.domain, Math.max(2, Math.floor((height - top - BOTTOM) / 42)));
  const left = 14 + TICK_WIDTH * Math.max(2, ...yTicks.map((value) => vertical.format(value).length));
  const [right, bottom] = [width - RIGHT, height - BOTTOM];
  const x = linearScale(horizontal.domain, [left, right]);
  const y = linearScale(vertical.domain, [bottom, top]);
  const xTicks = ticks(horizontal.domain, Math.max(2, Math.floor((right - left) / 84)));
  const parts = [
    ...yTicks.flatMap((value) => [
      element('line', { class: 'grid', x1: left, x2: right, y1: y(value), y2: y(value) }),
      label(vertical.format(value), { class: 'tick end', x: left - 8, y: y(value) + 4 }),
    ]),
    ...xTicks.flatMap((value) => [
      element('line', { class: 'grid', x1: x(value), x2: x(value), y1: bottom, y2: bottom + 4 }),
      label(horizontal.format(value), { class: 'tick middle', x: x(value), y: bottom + 17 }),
    ]),
    element('line', { class: 'grid', x1: left, x2: right, y1: bottom, y2: bottom }),
    label(vertical.title, { class: 'axis', x: 2, y: 13 }),
    label(horizontal.title, { class: 'axis end', x: right, y: height - 4 }),
    names,
  ];
  return { x, y, left, right, top, bottom, markup: parts.join('') };
}

/** Names of marks: at the right of the title where they fit beside it, else in rows below; and how many rows. */
function legend(entries: readonly Legend[], right: number, from: number): [markup: string, rows: number] {
  const widthOf = ({ name }: Legend) => 24 + TEXT_WIDTH * name.length + 10;
  const whole = entries.reduce((sum, entry) => sum + widthOf(entry), 0);
  const beside = from + whole <= right;
  let [x, row] = beside ? [right - whole + 10, 0] : [10, 1];
  const parts: string[] = [];
  for (const entry of entries) {
    if (!beside && x > 10 && x + widthOf(entry) > right) [x, row] = [10, row + 1];
    const y = 13 + row * LEGEND_ROW;
    parts.push(entry.mark(x, y - 4), label(entry.name, { class: 'tick', x: x + 13, y }));
    x += widthOf(entry);
  }
  return [parts.join(''), row];
}
