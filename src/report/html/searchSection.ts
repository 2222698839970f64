import type { ReportFacts, SearchFacts } from '../facts.js';
import { formatExact, formatPercent } from '../format.js';
import * as plots from '../plots.js';
import { figure, number, section, table } from './markup.js';

export function searchSection(facts: ReportFacts): string {
  const { search } = facts;
  if (search === undefined) return '';
  const generations = table({
    caption: 'Generations',
    columns: [
      { title: 'phase' },
      { title: 'generation', number: true },
      { title: 'best', number: true },
      { title: 'median', number: true },
      { title: 'evaluated', number: true },
    ],
    rows: search.generations.map(({ phase, generation, best, median, evaluated }) => [
      phase,
      String(generation),
      formatPercent(best),
      median === null ? '' : formatPercent(median),
      formatExact(evaluated),
    ]),
  });
  return section(
    'search',
    'The search',
    figure((width) => plots.progress(facts, width), {
      caption: 'The best candidate so far, that of the random search, and the median of each generation.',
      data: generations,
    }),
    choicesFigure(facts),
    finalistsTable(search),
  );
}

function choicesFigure(facts: ReportFacts): string {
  const counts = plots.geneCounts(facts);
  if (counts === undefined) return '';
  return figure((width) => plots.choiceHistogram(facts, width), {
    caption:
      `How often each choice was made by all ${formatExact(counts.all)} candidates (grey) and by the best ${counts.top} (blue). ` +
      'Where both bars are alike the search has no preference.',
    data: table({
      caption: 'Choices',
      columns: [
        { title: 'gene' },
        { title: 'choice' },
        { title: 'all', number: true },
        { title: 'the best', number: true },
      ],
      rowHeadings: true,
      rows: counts.genes.flatMap(({ name, labels, all, top }) =>
        labels.map((label, i) => [name, label, formatPercent(all[i]!), formatPercent(top[i]!)]),
      ),
    }),
  });
}

function finalistsTable({ finalists }: SearchFacts): string {
  if (finalists.length === 0) return '';
  const rungs = Math.max(...finalists.map((one) => one.rungs.length));
  return table({
    caption: 'Finalists: candidates that were trained shortly, the best one wins',
    columns: [
      { title: 'architecture' },
      { title: 'inherited', number: true },
      ...Array.from({ length: rungs }, (_, i) => ({ title: `rung ${i + 1}`, number: true })),
    ],
    sortable: true,
    rowHeadings: true,
    rows: finalists.map(({ architecture, score, rungs: own }) => [
      architecture.join(','),
      number(score.accuracy, formatPercent(score.accuracy)),
      ...Array.from({ length: rungs }, (_, i) =>
        own[i] === undefined
          ? ''
          : number(own[i].accuracy, `${formatPercent(own[i].accuracy)} (${own[i].epochs} epochs)`),
      ),
    ]),
  });
}
