import { drawing, element, type Size, tooltip } from './element.js';
import { type Axis, frame } from './frame.js';
import { extent } from './scale.js';

export interface Curve {
  name: string;
  points: readonly { x: number; y: number }[];
  /** Marks its points, for few of them. */
  dots?: boolean;
}

export interface CurvesOptions extends Size {
  title: string;
  x: Omit<Axis, 'domain'>;
  y: Omit<Axis, 'domain'>;
  /** At most six; each has a colour and a dash of its own. */
  curves: readonly Curve[];
}

/** Lines over a common axis. */
export function curves(options: CurvesOptions): string {
  const shown = options.curves.filter(({ points }) => points.length > 0);
  const points = shown.flatMap((curve) => curve.points);
  const axes = frame(
    options,
    {
      ...options.x,
      domain: extent(
        points.map(({ x }) => x),
        0,
      ),
    },
    { ...options.y, domain: extent(points.map(({ y }) => y)) },
    shown.length < 2
      ? []
      : shown.map(({ name }, index) => ({
          name,
          mark: (x: number, y: number) =>
            element('line', { class: `curve c${index % 6}`, x1: x - 10, x2: x + 8, y1: y, y2: y }),
        })),
  );
  const at = ({ x, y }: { x: number; y: number }) => [axes.x(x), axes.y(y)] as const;
  const lines = shown.flatMap(({ points: own, dots, name }, index) => [
    element('path', {
      class: `curve c${index % 6}`,
      d: own
        .map(
          (point, i) =>
            `${i === 0 ? 'M' : 'L'}${at(point)
              .map((value) => value.toFixed(1))
              .join(' ')}`,
        )
        .join(''),
    }),
    ...(dots || own.length === 1
      ? own.map((point) => {
          const [cx, cy] = at(point);
          const text = `${name}: ${options.y.format(point.y)} at ${options.x.format(point.x)}`;
          return element('circle', { class: `f${index % 6}`, cx, cy, r: 3.5 }, tooltip(text));
        })
      : []),
  ]);
  return drawing(options, options.title, axes.markup + lines.join(''));
}
