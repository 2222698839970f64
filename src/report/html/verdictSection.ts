import { formatCost } from '../../cost/constraint.js';
import type { ReportFacts } from '../facts.js';
import { formatExact, formatPercent } from '../format.js';
import * as plots from '../plots.js';
import { escapeMarkup } from '../svg/element.js';
import { verdictOf } from '../verdict.js';
import { paragraph, section } from './markup.js';

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
