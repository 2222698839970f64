import type { Confusion } from '../evaluate/confusion.js';
import { formatExact, formatPercent } from './format.js';
import { formatTable } from './table.js';

const LARGEST_MATRIX = 12;
const SHOWN = 10;

/** The whole matrix of a few classes; of many the worst classes and what they are most often taken for. */
export function describeConfusion(confusion: Confusion): string {
  return confusion.classNames.length <= LARGEST_MATRIX ? matrixTable(confusion) : worstTables(confusion);
}

/** The matrix for other programs: a header of predicted classes, one row for each true class. */
export function confusionCsv({ classNames, counts }: Confusion): string {
  const field = (text: string): string => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const header = ['true \\ predicted', ...columnsOf({ classNames, counts })].map(field).join(',');
  const rows = counts.map((row, label) => [field(classNames[label]!), ...row].join(','));
  return `${[header, ...rows].join('\n')}\n`;
}

function matrixTable({ classNames, counts }: Confusion): string {
  const right = { align: 'right' } as const;
  return formatTable(
    [
      { title: 'true \\ predicted' },
      ...columnsOf({ classNames, counts }).map((title) => ({ title, ...right })),
      { title: 'right', ...right },
    ],
    counts.map((row, label) => [
      classNames[label]!,
      ...row.map(formatExact),
      shareOf(row[label]!, total(row)),
    ]),
  );
}

function worstTables({ classNames, counts }: Confusion): string {
  const right = { align: 'right' } as const;
  const columns = columnsOf({ classNames, counts });
  const classes = counts
    .map((row, label) => ({ label, images: total(row), right: row[label]! }))
    .filter(({ images }) => images > 0)
    .sort((a, b) => a.right / a.images - b.right / b.images || a.label - b.label);
  const pairs = counts
    .flatMap((row, label) => row.map((count, predicted) => ({ label, predicted, count, images: total(row) })))
    .filter(({ label, predicted, count }) => label !== predicted && count > 0)
    .sort((a, b) => b.count - a.count || a.label - b.label || a.predicted - b.predicted);
  return [
    formatTable(
      [{ title: 'hardest classes' }, { title: 'images', ...right }, { title: 'right', ...right }],
      classes
        .slice(0, SHOWN)
        .map((one) => [classNames[one.label]!, formatExact(one.images), shareOf(one.right, one.images)]),
    ),
    '',
    formatTable(
      [
        { title: 'true' },
        { title: 'taken for' },
        { title: 'images', ...right },
        { title: 'share', ...right },
      ],
      pairs
        .slice(0, SHOWN)
        .map(({ label, predicted, count, images }) => [
          classNames[label]!,
          columns[predicted]!,
          formatExact(count),
          shareOf(count, images),
        ]),
    ),
  ].join('\n');
}

/** Names of the predicted classes; logits beyond the classes of the data have none. */
const columnsOf = ({ classNames, counts }: Confusion): string[] =>
  Array.from(counts[0] ?? [], (_, label) => classNames[label] ?? String(label));
const total = (row: readonly number[]): number => row.reduce((sum, count) => sum + count, 0);
const shareOf = (part: number, all: number): string => (all === 0 ? '' : formatPercent(part / all));
