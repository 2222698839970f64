import { drawing, element, label, type Size, tooltip } from './element.js';
import { type Axis, type Frame, frame } from './frame.js';
import { extent } from './scale.js';

/** A candidate. */
export interface Dot {
  x: number;
  y: number;
  /** Share of the search that was over, in [0, 1]: later ones are stronger. */
  age: number;
  /** Of the random search. */
  hollow?: boolean;
  title: string;
}

export interface ScatterOptions extends Size {
  title: string;
  x: Omit<Axis, 'domain'>;
  y: Omit<Axis, 'domain'>;
  dots: readonly Dot[];
  /** From left to right. */
  front: readonly { x: number; y: number }[];
  /** The network that was found. */
  star?: { x: number; y: number; title: string } | undefined;
  /** Largest x that is allowed. */
  limit?: { x: number; title: string } | undefined;
  names: { dots: string; hollow: string; front: string; star: string };
}

const SHADES = 6;

/** Accuracy over cost: a dot a candidate, the Pareto front, what was found, what is allowed. */
export function scatter(options: ScatterOptions): string {
  const { dots, front, star, limit, names } = options;
  const points = [...dots, ...front, ...(star ? [star] : [])];
  const xs = [...points.map(({ x }) => x), ...(limit ? [limit.x] : [])];
  const axes = frame(
    options,
    { ...options.x, domain: extent(xs) },
    { ...options.y, domain: extent(points.map(({ y }) => y)) },
    [
      ...(names.dots !== '' && dots.some(({ hollow }) => !hollow)
        ? [{ name: names.dots, mark: (x: number, y: number) => circle(x, y, 'dot g4') }]
        : []),
      ...(dots.some(({ hollow }) => hollow) ? [{ name: names.hollow, mark: square }] : []),
      ...(front.length > 1 ? [{ name: names.front, mark: frontSample }] : []),
      ...(star ? [{ name: names.star, mark: (x: number, y: number) => starMark(x, y) }] : []),
    ],
  );
  const drawn = dots.toSorted(
    (a, b) => Number(b.hollow ?? false) - Number(a.hollow ?? false) || a.age - b.age,
  );
  const parts = [
    axes.markup,
    ...(limit ? [limitLine(axes, limit)] : []),
    ...drawn.map((dot) => dotMark(axes, dot)),
    frontLine(axes, front),
    ...(star ? [starMark(axes.x(star.x), axes.y(star.y), star.title)] : []),
  ];
  return drawing(options, options.title, parts.join(''));
}

function dotMark({ x, y }: Frame, { x: cost, y: score, age, hollow, title }: Dot): string {
  if (hollow) return square(x(cost), y(score), title);
  return circle(x(cost), y(score), `dot g${Math.min(SHADES - 1, Math.floor(age * SHADES))}`, title);
}

function circle(cx: number, cy: number, className: string, title?: string): string {
  return element('circle', { class: className, cx, cy, r: 4 }, title === undefined ? '' : tooltip(title));
}

function square(x: number, y: number, title?: string): string {
  const shape = { class: 'hollow', x: x - 3, y: y - 3, width: 6, height: 6 };
  return element('rect', shape, title === undefined ? '' : tooltip(title));
}

function starMark(x: number, y: number, title?: string): string {
  const corners = Array.from({ length: 10 }, (_, i) => {
    const radius = i % 2 === 0 ? 9 : 4;
    const angle = (Math.PI * i) / 5 - Math.PI / 2;
    return `${(x + radius * Math.cos(angle)).toFixed(1)},${(y + radius * Math.sin(angle)).toFixed(1)}`;
  });
  return element(
    'polygon',
    { class: 'star', points: corners.join(' ') },
    title === undefined ? '' : tooltip(title),
  );
}

function frontSample(x: number, y: number): string {
  return element('line', { class: 'front', x1: x - 8, x2: x + 7, y1: y, y2: y });
}

/** A staircase: between two points the cheaper one is the best there is. */
function frontLine({ x, y }: Frame, front: readonly { x: number; y: number }[]): string {
  if (front.length < 2) return '';
  const [first, ...rest] = front;
  const steps = rest.map((point) => `H${x(point.x).toFixed(1)}V${y(point.y).toFixed(1)}`);
  return element('path', {
    class: 'front',
    d: `M${x(first!.x).toFixed(1)} ${y(first!.y).toFixed(1)}${steps.join('')}`,
  });
}

function limitLine(
  { x, top, bottom, left, right }: Frame,
  { x: cost, title }: { x: number; title: string },
): string {
  const at = x(cost);
  const onLeft = at > (left + right) / 2;
  return (
    element('line', { class: 'limit', x1: at, x2: at, y1: top, y2: bottom }) +
    label(title, { class: `limit-text${onLeft ? ' end' : ''}`, x: onLeft ? at - 6 : at + 6, y: bottom - 8 })
  );
}
