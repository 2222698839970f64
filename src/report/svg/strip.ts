import { shortened } from './choices.js';
import { drawing, element, label, tooltip } from './element.js';

/** A layer of a network. */
export interface StripLayer {
  name: string;
  /** Absent where there is nothing to choose. */
  choice?: string | undefined;
  /** Its part of the cost, in [0, 1]. */
  share: number;
  /** The cost, for people. */
  cost: string;
}

export interface StripOptions {
  title: string;
  width: number;
  layers: readonly StripLayer[];
}

const ROW = 22;

/** A network from its first layer to its last: what was chosen, and which part of the cost it takes. */
export function strip({ title, width, layers }: StripOptions): string {
  const longest = (texts: readonly string[]) => 6.8 * Math.max(3, ...texts.map(({ length }) => length));
  const names = Math.min(longest(layers.map(({ name }) => name)), width * 0.24) + 8;
  const chosen = Math.min(longest(layers.map(({ choice }) => choice ?? 'fixed')) + 16, width * 0.38);
  const left = names + chosen + 10;
  const right = width - 96;
  const most = Math.max(1e-9, ...layers.map(({ share }) => share));
  const parts = layers.flatMap(({ name, choice, share, cost }, i) => {
    const y = i * ROW;
    const bar = (share / most) * Math.max(20, right - left);
    return [
      element(
        'g',
        {},
        tooltip(`${name}: ${choice ?? 'fixed'}, ${cost}, ${(100 * share).toFixed(1)} %`) +
          label(shortened(name, Math.floor(names / 6.8)), { class: 'tick', x: 0, y: y + 15 }) +
          element('rect', {
            class: choice === undefined ? 'box' : 'box chosen',
            x: names,
            y: y + 2,
            width: chosen,
            height: ROW - 4,
            rx: 3,
          }) +
          label(shortened(choice ?? 'fixed', Math.floor((chosen - 12) / 6.6)), {
            class: choice === undefined ? 'tick' : 'strong',
            x: names + 8,
            y: y + 15,
          }) +
          element('rect', {
            class: choice === undefined ? 'all' : 'top',
            x: left,
            y: y + 6,
            width: bar,
            height: ROW - 12,
          }) +
          label(cost, { class: 'tick', x: left + bar + 6, y: y + 15 }),
      ),
    ];
  });
  return drawing({ width, height: layers.length * ROW + 4 }, title, parts.join(''));
}
