import { formatCost } from '../../cost/constraint.js';
import type { CandidateLine } from '../../run/candidateFiles.js';
import type { ReportFacts } from '../facts.js';
import { formatExact, formatPercent } from '../format.js';
import * as plots from '../plots.js';
import { copyable, details, number, paragraph, section, table } from './markup.js';

/** Rows of the table of candidates; the downloads have all. */
const MOST_ROWS = 100;

export function candidatesSection({ search }: ReportFacts): string {
  if (search === undefined || search.candidates.length === 0) return '';
  const { candidates, metrics } = search;
  const shown = candidates.toSorted((a, b) => b.accuracy - a.accuracy).slice(0, MOST_ROWS);
  const row = (one: CandidateLine) => [
    { markup: copyable(one.architecture.join(','), '--arch') },
    number(one.accuracy, formatPercent(one.accuracy)),
    ...metrics.map((metric) => number(one.costs[metric]!, formatCost(metric, one.costs[metric]!))),
    one.phase,
    number(one.generation, String(one.generation)),
    one.origin,
  ];
  return section(
    'candidates',
    'Candidates',
    '<p class="downloads needs-script"><button type="button" data-download="csv">Download CSV</button> <button type="button" data-download="json">Download JSON</button></p>',
    paragraph(
      candidates.length > shown.length
        ? `The ${shown.length} best of ${formatExact(candidates.length)} candidates; candidates.jsonl and candidates.csv of the run directory have all.`
        : `All ${candidates.length} candidates.`,
    ),
    details(
      'Table',
      table({
        caption: 'Candidates',
        sortable: true,
        columns: [
          { title: 'architecture' },
          { title: 'accuracy', number: true },
          ...metrics.map((metric) => ({ title: plots.metricTitle(metric), number: true })),
          { title: 'phase' },
          { title: 'generation', number: true },
          { title: 'origin' },
        ],
        rows: shown.map(row),
      }),
    ),
  );
}
