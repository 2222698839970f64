import type { ReportFacts } from '../facts.js';
import { formatExact, formatPercent } from '../format.js';
import * as plots from '../plots.js';
import { copyable, figure, number, section, table } from './markup.js';

export function architectureSection(facts: ReportFacts): string {
  const { subject } = facts;
  if (subject === undefined) return '';
  const total = subject.layers.reduce((sum, { madds }) => sum + madds, 0) || 1;
  return section(
    'architecture',
    facts.search && facts.search.winner === undefined && facts.networks.length === 0
      ? 'The best network so far'
      : 'The network',
    `<p>${copyable(subject.text, '--arch')}</p>`,
    figure((width) => plots.architecture(facts, width), {
      caption: 'Layer by layer: what was chosen, and its multiply-adds.',
      data: table({
        caption: 'Layers',
        columns: [
          { title: 'layer' },
          { title: 'choice' },
          { title: 'MAdds', number: true },
          { title: 'share', number: true },
          { title: 'parameters', number: true },
        ],
        rowHeadings: true,
        rows: subject.layers.map(({ name, choice, madds, params }) => [
          name,
          choice ?? 'fixed',
          number(madds, formatExact(madds)),
          number(madds / total, formatPercent(madds / total)),
          number(params, formatExact(params)),
        ]),
      }),
    }),
  );
}
