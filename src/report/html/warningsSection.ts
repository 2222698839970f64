import type { ReportFacts } from '../facts.js';
import { section, table } from './markup.js';

export function warningsSection({ runs }: ReportFacts): string {
  const rows = runs.flatMap(({ name, incidents }) =>
    incidents.map(({ type, step, text }) => [name, type, String(step), text]),
  );
  if (rows.length === 0) return '';
  return section(
    'warnings',
    'Warnings',
    table({
      caption: 'What happened on the way',
      rowHeadings: true,
      columns: [{ title: 'run' }, { title: 'what' }, { title: 'step', number: true }, { title: 'details' }],
      rows,
    }),
  );
}
