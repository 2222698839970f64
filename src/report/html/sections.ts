import { formatCost } from '../../cost/constraint.js';
import type { CandidateLine } from '../../evaluate/candidateFiles.js';
import type { ReportFacts, SearchFacts } from '../facts.js';
import { formatExact, formatPercent } from '../format.js';
import * as plots from '../plots.js';
import { escapeMarkup } from '../svg/element.js';
import { verdictOf } from '../verdict.js';
import { details, figure, HALF, number, paragraph, section, table } from './markup.js';

/** Rows of the table of candidates; the downloads have all. */
const MOST_ROWS = 100;

export function verdictSection(facts: ReportFacts): string {
  const [network] = facts.networks;
  const { subject } = facts;
  const tiles: [title: string, value: string][] = [
    ...(network?.last ? [['test accuracy', formatPercent(network.last.accuracy)] as [string, string]] : []),
    ...Object.entries(subject?.costs ?? {}).map(([metric, cost]): [string, string] => [
      plots.metricTitle(metric),
      formatCost(metric, cost),
    ]),
    ...(facts.search
      ? [['candidates', formatExact(facts.search.candidates.length)] as [string, string]]
      : []),
  ];
  const marks = { good: '✓', bad: '✗', neutral: '·' };
  const words = { good: 'good', bad: 'bad', neutral: 'note' };
  const findings = verdictOf(facts).map(
    ({ tone, text, detail }) =>
      `<li class="${tone}"><span class="mark" aria-hidden="true">${marks[tone]}</span><span class="unseen">${words[tone]}: </span>` +
      `<strong>${escapeMarkup(text)}</strong><br><span class="detail">${escapeMarkup(detail)}</span></li>`,
  );
  return section(
    'verdict',
    'Result',
    `<dl class="tiles">${tiles.map(([title, value]) => `<div><dt>${escapeMarkup(title)}</dt><dd>${escapeMarkup(value)}</dd></div>`).join('')}</dl>`,
    findings.length === 0
      ? paragraph('Nothing is finished yet.')
      : `<ul class="findings">${findings.join('')}</ul>`,
  );
}

export function scatterSection(facts: ReportFacts): string {
  const { search } = facts;
  if (search === undefined) return '';
  if (search.candidates.length === 0) {
    return section('candidates-plot', 'Accuracy and cost', paragraph('The search has no candidates yet.'));
  }
  const metric = plots.drawnMetric(search);
  const front = plots.frontOf(search.candidates, metric);
  return section(
    'candidates-plot',
    'Accuracy and cost',
    figure((width) => plots.pareto(facts, width), {
      caption:
        `Each circle is a candidate with the weights it inherits from the supernet; darker (on a dark screen: brighter) ones came later.` +
        `${search.candidates.some(({ phase }) => phase === 'baseline') ? ' Squares are candidates of the random search.' : ''}` +
        ' The dotted line is the Pareto front.',
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

export function architectureSection(facts: ReportFacts): string {
  const { subject } = facts;
  if (subject === undefined) return '';
  const total = subject.layers.reduce((sum, { madds }) => sum + madds, 0) || 1;
  return section(
    'architecture',
    facts.search?.winner === undefined && facts.search ? 'The best network so far' : 'The network',
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
  const metrics = Object.keys(networks[0]!.costs);
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
        ...metrics.map((metric) => number(costs[metric] ?? 0, formatCost(metric, costs[metric] ?? 0))),
        score === undefined ? '' : number(score, formatPercent(score)),
        last === undefined ? run.status : number(last.accuracy, formatPercent(last.accuracy)),
      ];
    }),
  });
}

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
            ...[kendall, spearman, bandKendall].map((value) => number(value, value.toFixed(3))),
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

function latencyTable(search: SearchFacts | undefined): string {
  const pairs = plots.latencyPairs(search);
  if (pairs.length === 0) return '';
  const format = (value: number) => formatCost('latency[]', value);
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
      number(predicted, format(predicted)),
      number(truth, format(truth)),
      number(predicted / truth - 1, formatPercent(predicted / truth - 1)),
    ]),
  });
}

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

/** A text with a button that copies it, where there is JavaScript. */
export function copyable(text: string, prefix = ''): string {
  const whole = prefix === '' ? text : `${prefix} ${text}`;
  const spoken = escapeMarkup(whole.length > 40 ? `${whole.slice(0, 40)}…` : whole);
  return (
    `<code>${escapeMarkup(text)}</code> <button type="button" class="copy needs-script" data-copy="${escapeMarkup(whole)}" ` +
    `aria-label="copy ${spoken}">copy</button>`
  );
}
