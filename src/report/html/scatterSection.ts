import { formatCost } from '../../cost/constraint.js';
import type { ReportFacts } from '../facts.js';
import { formatPercent } from '../format.js';
import { drawnFront } from '../front.js';
import * as plots from '../plots.js';
import { figure, number, paragraph, section, table } from './markup.js';

export function scatterSection(facts: ReportFacts): string {
  const { search } = facts;
  if (search === undefined) return '';
  if (search.candidates.length === 0) {
    return section('candidates-plot', 'Accuracy and cost', paragraph('The search has no candidates yet.'));
  }
  const metric = plots.drawnMetric(search);
  const front = drawnFront(search, metric);
  return section(
    'candidates-plot',
    'Accuracy and cost',
    figure((width) => plots.pareto(facts, width), {
      caption:
        `Each circle is a candidate with the weights it inherits from the supernet; darker (on a dark screen: brighter) ones came later.` +
        `${search.candidates.some(({ phase }) => phase === 'baseline') ? ' Squares are candidates of the random search.' : ''}` +
        ` The dotted line is the Pareto front ${search.front === undefined ? 'of all candidates' : 'that the search found'}.`,
      data: table({
        caption: 'Pareto front',
        columns: [
          { title: plots.metricTitle(metric), number: true },
          { title: 'accuracy', number: true },
        ],
        rows: front.map(({ x, y }) => [number(x, formatCost(metric, x)), number(y, formatPercent(y))]),
      }),
    }),
  );
}
