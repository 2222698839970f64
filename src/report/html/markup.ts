import { escapeMarkup } from '../svg/element.js';

/** A cell of a table: text, or a number with its text to sort by. */
export type Cell = string | { text: string; value: number } | { markup: string; value?: number };

export interface Heading {
  title: string;
  number?: boolean;
}

export interface TableOptions {
  caption: string;
  columns: readonly Heading[];
  rows: readonly (readonly Cell[])[];
  /** Its columns can be sorted, where there is JavaScript. */
  sortable?: boolean;
  /** First cells are headings of their rows. */
  rowHeadings?: boolean;
}

/** A table that scrolls inside its box where the screen is narrow. */
export function table({ caption, columns, rows, sortable, rowHeadings }: TableOptions): string {
  const head = columns
    .map(
      ({ title, number }) => `<th scope="col"${number ? ' class="number"' : ''}>${escapeMarkup(title)}</th>`,
    )
    .join('');
  const body = rows
    .map((cells) => {
      const markup = cells.map((cell, i) => {
        const name = rowHeadings && i === 0 ? 'th' : 'td';
        const scope = name === 'th' ? ' scope="row"' : '';
        const value =
          typeof cell === 'string' || cell.value === undefined ? '' : ` data-value="${cell.value}"`;
        const content =
          typeof cell === 'string'
            ? escapeMarkup(cell)
            : 'markup' in cell
              ? cell.markup
              : escapeMarkup(cell.text);
        return `<${name}${scope}${columns[i]?.number ? ' class="number"' : ''}${value}>${content}</${name}>`;
      });
      return `<tr>${markup.join('')}</tr>`;
    })
    .join('');
  const name = escapeMarkup(caption);
  return (
    `<div class="scroll" role="region" tabindex="0" aria-label="${name}"><table${sortable ? ' data-sortable' : ''}><caption>${name}</caption>` +
    `<thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`
  );
}

/** A number in a table. */
export function number(value: number, text: string): Cell {
  return { text, value };
}

/** Widths a plot is drawn in: one for phones, one for wider screens; only one of them is seen. */
export const PHONE = 330;
export const DESK = 900;
export const HALF = 440;

/** A plot with what it shows in words, and its numbers in a table that opens. */
export function figure(
  draw: (width: number) => string | undefined,
  { caption, wide = DESK, data }: { caption: string; wide?: number; data?: string | undefined },
): string {
  const large = draw(wide);
  if (large === undefined) return '';
  return (
    `<figure><div class="wide">${large}</div><div class="narrow">${draw(PHONE)}</div>` +
    `<figcaption>${escapeMarkup(caption)}</figcaption>${data === undefined ? '' : details('Numbers', data)}</figure>`
  );
}

/** Something that opens. */
export function details(summary: string, content: string): string {
  return `<details><summary>${escapeMarkup(summary)}</summary>${content}</details>`;
}

/** A part of a page under a heading; nothing where it has no content. */
export function section(id: string, title: string, ...content: string[]): string {
  const whole = content.join('');
  return whole === '' ? '' : `<section id="${id}"><h2>${escapeMarkup(title)}</h2>${whole}</section>`;
}

export function paragraph(text: string): string {
  return `<p>${escapeMarkup(text)}</p>`;
}

/** A text with a button that copies it, where there is JavaScript. */
export function copyable(text: string, prefix = ''): string {
  const whole = prefix === '' ? text : `${prefix} ${text}`;
  const spoken = escapeMarkup(whole.length > 40 ? `${whole.slice(0, 40)}…` : whole);
  return (
    `<code>${escapeMarkup(text)}</code> <button type="button" class="copy needs-script" data-copy="${escapeMarkup(whole)}" ` +
    `aria-label="copy ${spoken}">copy</button>`
  );
}
