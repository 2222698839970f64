import type { ReportFacts, RunFacts } from '../facts.js';
import { formatBytes, formatDuration, formatExact } from '../format.js';
import { number, paragraph, section, table } from './markup.js';

/** What the search cost, in the rows of Table 7 of arXiv 1904.00420. */
export function costSection({ runs }: ReportFacts): string {
  const rows = (
    [
      ['training of the supernet', 'train'],
      ['search', 'search'],
      ['retraining', 'retrain'],
    ] as const
  )
    .map(([title, kind]) => [title, runs.filter((run) => run.kind === kind)] as const)
    .filter(([, of]) => of.length > 0);
  if (rows.length === 0) return '';
  const sum = (of: readonly RunFacts[], pick: (run: RunFacts) => number) =>
    of.reduce((total, run) => total + pick(run), 0);
  const row = (title: string, of: readonly RunFacts[]) => {
    const seconds = sum(of, (run) => run.seconds);
    const [trained, evaluated] = [
      sum(of, ({ passes }) => passes.trained),
      sum(of, ({ passes }) => passes.evaluated),
    ];
    const memory = Math.max(...of.map(({ peakMemory }) => peakMemory));
    return [
      of.length > 1 && title !== 'total' ? `${title} (${of.length} networks)` : title,
      number(seconds, formatDuration(seconds)),
      memory === 0 ? 'unknown' : number(memory, formatBytes(memory)),
      number(trained, formatExact(trained)),
      number(evaluated, formatExact(evaluated)),
    ];
  };
  return section(
    'cost',
    'What it cost',
    table({
      caption: 'Search cost',
      rowHeadings: true,
      columns: [
        { title: 'phase' },
        { title: 'time', number: true },
        { title: 'peak memory', number: true },
        { title: 'images forward and backward', number: true },
        { title: 'images forward', number: true },
      ],
      rows: [
        ...rows.map(([title, of]) => row(title, of)),
        row(
          'total',
          rows.flatMap(([, of]) => of),
        ),
      ],
    }),
    paragraph(
      'As Table 7 of the paper. Peak memory is that of the whole process. Images forward are those that recalibrate and score ' +
        'candidates, each candidate counted alone: those that begin alike share that work. Short trainings of finalists count as time of the search only.',
    ),
  );
}
