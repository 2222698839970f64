import type { DatasetReport } from '../data/inspect.js';
import { formatBytes, formatExact } from './format.js';
import { formatTable } from './table.js';

const SHOWN_CLASSES = 20;
const SHOWN_BROKEN = 20;

/** What `singlepath data info` says about a data set. */
export function describeReport(path: string, kind: string, splits: readonly DatasetReport[]): string {
  const head = `${path}: ${kind}, ${splits[0]!.classes.length} classes`;
  const notes = splits.flatMap(notesOf);
  if (!splits[0]!.hasTest) {
    notes.push('one set without test images: testFraction sets some aside, testPath names another place');
  }
  return [
    head,
    '',
    splitTable(splits),
    '',
    classTable(splits),
    ...(notes.length > 0 ? ['', ...notes] : []),
  ].join('\n');
}

function splitTable(splits: readonly DatasetReport[]): string {
  const right = { align: 'right' } as const;
  const three = (values: readonly number[]): string => values.join(' / ');
  const numbers = (values: readonly number[]): string => values.map((value) => value.toFixed(4)).join(' ');
  return formatTable(
    [
      { title: 'split' },
      { title: 'images', ...right },
      { title: 'bytes', ...right },
      { title: 'format' },
      { title: 'height min / median / max' },
      { title: 'width' },
      { title: 'mean' },
      { title: 'std' },
    ],
    splits.map(({ split, images, bytes, formats, height, width, mean, std }) => [
      split,
      formatExact(images),
      formatBytes(bytes),
      Object.entries(formats)
        .filter(([, count]) => count > 0)
        .map(([format, count]) => `${format} ${formatExact(count)}`)
        .join(', '),
      three(height),
      three(width),
      numbers(mean),
      numbers(std),
    ]),
  );
}

function classTable(splits: readonly DatasetReport[]): string {
  const { classes } = splits[0]!;
  const rows = classes
    .slice(0, SHOWN_CLASSES)
    .map(({ name }, label) => [
      String(label),
      name,
      ...splits.map((split) => formatExact(split.classes[label]?.images ?? 0)),
    ]);
  const table = formatTable(
    [
      { title: 'class', align: 'right' },
      { title: 'name' },
      ...splits.map(({ split }) => ({ title: split, align: 'right' as const })),
    ],
    rows,
  );
  const more = classes.length - rows.length;
  return more > 0 ? `${table}\nand ${more} classes more (--json has all)` : table;
}

function notesOf({ split, images, decoded, broken, ignored }: DatasetReport): string[] {
  const notes: string[] = [];
  if (decoded < images - broken.length) {
    notes.push(`${split}: mean and std of ${formatExact(decoded)} images; data verify decodes all`);
  }
  const others = Object.entries(ignored).map(
    ([extension, count]) => `${count} ${extension || 'without extension'}`,
  );
  if (others.length > 0) notes.push(`${split}: ignored files: ${others.join(', ')}`);
  if (broken.length > 0) {
    notes.push(`${split}: ${broken.length} broken images`);
    for (const { name, reason } of broken.slice(0, SHOWN_BROKEN)) notes.push(`  ${name}: ${reason}`);
    if (broken.length > SHOWN_BROKEN)
      notes.push(`  and ${broken.length - SHOWN_BROKEN} more (--json has all)`);
  }
  return notes;
}
