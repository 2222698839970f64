import { formatTime } from '../../cost/constraint.js';
import type { ReportFacts, SearchFacts } from '../facts.js';
import { formatPercent } from '../format.js';
import * as plots from '../plots.js';
import { type Cell, figure, HALF, number, paragraph, section, table } from './markup.js';

export function rankingSection(facts: ReportFacts): string {
  const { agreement, ranking, search } = facts;
  const known = agreement !== undefined && agreement.kendall !== null;
  return section(
    'ranking',
    'Does the supernet rank well?',
    ranking === undefined ? '' : paragraph(ranking.card.verdict),
    ranking === undefined
      ? ''
      : table({
          caption: 'Ranking card',
          sortable: true,
          rowHeadings: true,
          columns: [
            { title: 'score' },
            { title: "Kendall's tau", number: true },
            { title: "Spearman's rho", number: true },
            { title: 'tau inside bands of cost', number: true },
          ],
          rows: ranking.card.rows.map(({ name, kendall, spearman, bandKendall }) => [
            name,
            ...[kendall, spearman, bandKendall].map(tau),
          ]),
        }),
    ranking === undefined && known
      ? paragraph(
          `Kendall's tau between inherited and trained accuracy of ${agreement.pairs.length} networks is ${agreement.kendall!.toFixed(2)}. ` +
            'So few networks, chosen because they are good, say little; singlepath rank measures it.',
        )
      : '',
    figure((width) => plots.agreement(facts, width), {
      caption: 'Each circle is a network that was trained.',
      wide: HALF,
    }),
    latencyTable(search),
    figure((width) => plots.latency(facts, width), {
      caption: 'Latency as the table predicts it, and as it was measured.',
      wide: HALF,
    }),
  );
}

/** NaN, or null in a file: the score is the same for all that are compared, and ranks nothing. */
function tau(value: number | null): Cell {
  if (value === null || Number.isNaN(value)) return number(Number.NEGATIVE_INFINITY, 'none');
  return number(value, value.toFixed(3));
}

function latencyTable(search: SearchFacts | undefined): string {
  const pairs = plots.latencyPairs(search);
  if (pairs.length === 0) return '';
  return table({
    caption: 'Latency: predicted and measured',
    sortable: true,
    rowHeadings: true,
    columns: [
      { title: 'architecture' },
      { title: 'predicted', number: true },
      { title: 'measured', number: true },
      { title: 'off by', number: true },
    ],
    rows: pairs.map(({ name, predicted, truth }) => [
      name,
      number(predicted, formatTime(predicted)),
      number(truth, formatTime(truth)),
      number(predicted / truth - 1, formatPercent(predicted / truth - 1)),
    ]),
  });
}
