import { formatCost } from '../../cost/constraint.js';
import type { ReportFacts } from '../facts.js';
import { formatPercent } from '../format.js';
import * as plots from '../plots.js';
import { figure, HALF, number, section, table } from './markup.js';

export function trainingSection(facts: ReportFacts): string {
  const pairs = [
    figure((width) => plots.supernet(facts, width), {
      caption: 'Training loss of the supernet. Each step trains another path, so it jumps.',
      wide: HALF,
    }),
    figure((width) => plots.networks(facts, width), {
      caption: 'Training loss of single networks.',
      wide: HALF,
    }),
    figure((width) => plots.validation(facts, width), {
      caption: 'Accuracy on the test images.',
      wide: HALF,
    }),
  ].join('');
  return section(
    'training',
    'Training',
    pairs === '' ? '' : `<div class="pair">${pairs}</div>`,
    networksTable(facts),
  );
}

function networksTable({ networks, search }: ReportFacts): string {
  if (networks.length === 0) return '';
  // The latency of a table is known of candidates of the search alone.
  const metrics = [...new Set(networks.flatMap(({ costs }) => Object.keys(costs)))];
  const scores = new Map(search?.candidates.map((one) => [one.architecture.join(), one.accuracy]));
  return table({
    caption: 'Networks trained from scratch',
    sortable: true,
    rowHeadings: true,
    columns: [
      { title: 'run' },
      { title: 'architecture' },
      ...metrics.map((metric) => ({ title: plots.metricTitle(metric), number: true })),
      { title: 'inherited', number: true },
      { title: 'test accuracy', number: true },
    ],
    rows: networks.map(({ run, architecture, costs, last, found }) => {
      const score = scores.get(architecture.join());
      return [
        found ? `${run.name} (found)` : run.name,
        architecture.join(','),
        ...metrics.map((metric) => {
          const cost = costs[metric];
          return cost === undefined ? '' : number(cost, formatCost(metric, cost));
        }),
        score === undefined ? '' : number(score, formatPercent(score)),
        last === undefined ? run.status : number(last.accuracy, formatPercent(last.accuracy)),
      ];
    }),
  });
}
