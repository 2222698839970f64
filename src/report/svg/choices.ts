import { drawing, element, label, tooltip } from './element.js';

/** How often the values of a gene were chosen. */
export interface GeneCounts {
  name: string;
  labels: readonly string[];
  /** Shares in [0, 1] among all candidates and among the best; by value. */
  all: readonly number[];
  top: readonly number[];
}

export interface ChoicesOptions {
  title: string;
  width: number;
  genes: readonly GeneCounts[];
}

const [HEAD, GAP, BAR] = [36, 8, 7];
/** Height of a row with and without labels of its own. */
const [LABELLED, PLAIN] = [40, 26];

/** A table of genes and their values: in each cell how often all candidates and the best ones chose it. */
export function choices({ title, width, genes }: ChoicesOptions): string {
  const names = 7 * Math.max(4, ...genes.map(({ name }) => name.length));
  const left = Math.min(names, width * 0.32) + GAP;
  const columns = Math.max(1, ...genes.map(({ labels }) => labels.length));
  const cell = (width - left) / columns;
  const same = genes.every(({ labels }) => labels.join() === genes[0]!.labels.join());
  const room = Math.max(3, Math.floor((cell - GAP) / 6.6));
  const height = same ? PLAIN : LABELLED;
  const above = height - PLAIN;
  const parts = [
    element('rect', { class: 'all', x: left, y: 4, width: 14, height: 7 }),
    label('all candidates', { class: 'tick', x: left + 20, y: 12 }),
    element('rect', { class: 'top', x: left + 116, y: 4, width: 14, height: 7 }),
    label('the best', { class: 'tick', x: left + 136, y: 12 }),
  ];
  if (same) {
    parts.push(
      ...genes[0]!.labels.map((text, i) =>
        label(shortened(text, room), { class: 'axis', x: left + i * cell, y: HEAD - 4 }),
      ),
    );
  }
  genes.forEach(({ name, labels, all, top }, row) => {
    const y = HEAD + row * height + above;
    parts.push(label(shortened(name, Math.floor(left / 6.6)), { class: 'tick', x: 0, y: y + 13 }));
    labels.forEach((text, i) => {
      const x = left + i * cell;
      const whole = cell - GAP;
      const said = `${name}, ${text}: ${percent(all[i]!)} of all, ${percent(top[i]!)} of the best`;
      parts.push(
        element(
          'g',
          {},
          tooltip(said) +
            element('rect', { class: 'box', x, y, width: whole, height: 2 * BAR + 4, rx: 2 }) +
            element('rect', { class: 'all', x: x + 2, y: y + 2, width: (whole - 4) * all[i]!, height: BAR }) +
            element('rect', {
              class: 'top',
              x: x + 2,
              y: y + 2 + BAR,
              width: (whole - 4) * top[i]!,
              height: BAR,
            }) +
            (same ? '' : label(shortened(text, room), { class: 'tick', x, y: y - 3 })),
        ),
      );
    });
  });
  return drawing({ width, height: HEAD + genes.length * height }, title, parts.join(''));
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

/** A text that fits, with an ellipsis where it was cut. */
export function shortened(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, Math.max(1, most - 1))}…`;
}
