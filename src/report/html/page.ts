import { createHash } from 'node:crypto';
import { checkArguments } from '../../core/check.js';
import type { ReportFacts } from '../facts.js';
import { escapeMarkup } from '../svg/element.js';
import { architectureSection } from './architectureSection.js';
import { candidatesSection } from './candidatesSection.js';
import { costSection } from './costSection.js';
import { rankingSection } from './rankingSection.js';
import { repeatSection } from './repeatSection.js';
import { scatterSection } from './scatterSection.js';
import { PAGE_SCRIPT } from './script.js';
import { searchSection } from './searchSection.js';
import { PAGE_STYLE } from './style.js';
import { trainingSection } from './trainingSection.js';
import { verdictSection } from './verdictSection.js';
import { warningsSection } from './warningsSection.js';

/** The sections of a report, in the order in which people look at them; empty ones are left out. */
export function reportSections(facts: ReportFacts): string[] {
  return [
    verdictSection,
    scatterSection,
    architectureSection,
    searchSection,
    trainingSection,
    rankingSection,
    candidatesSection,
    costSection,
    warningsSection,
    repeatSection,
  ]
    .map((draw) => draw(facts))
    .filter((markup) => markup !== '');
}

/** Where one is in the page. */
function contentsOf(sections: readonly string[]): string {
  const links = sections.map((markup) => {
    const [, id, title] = /^<section id="([^"]+)"><h2>(.*?)<\/h2>/.exec(markup)!;
    return `<a href="#${id}">${title}</a>`;
  });
  return `<nav class="contents" aria-label="Sections">${links.join('')}</nav>`;
}

/** What it is about, under the title. */
function subtitleOf({ space, runs }: ReportFacts): string {
  const data = runs.find((run) => run.data !== undefined)?.data;
  return [
    `${space.name}: ${space.genes.length} genes, ${space.size} architectures`,
    ...(data === undefined ? [] : [`${data.kind}, ${data.classes} classes`]),
    `seed ${[...new Set(runs.map(({ seed }) => seed))].join(', ')}`,
  ].join(' · ');
}

/**
 * A report as one file: it loads nothing, runs no script but its own (its Content-Security-Policy allows no other) and needs none. The same
 * runs give the same bytes.
 */
export function reportPage(facts: ReportFacts): string {
  checkArguments('reportPage()', { facts });
  const sections = reportSections(facts);
  const title = escapeMarkup(`singlepath report: ${facts.title}`);
  const policy = [
    "default-src 'none'",
    'img-src data:',
    `style-src '${hashOf(PAGE_STYLE)}'`,
    `script-src '${hashOf(PAGE_SCRIPT)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<header class="page">
<h1>${escapeMarkup(facts.title)}</h1>
<p class="subtitle">${escapeMarkup(subtitleOf(facts))}</p>
${contentsOf(sections)}
</header>
<main>
${sections.join('\n')}
</main>
<footer class="page">Written by singlepath ${escapeMarkup(facts.runs.at(-1)?.environment?.singlepath ?? '')}. This file loads nothing and works offline.</footer>
<script type="application/json" id="candidates-data">${jsonInMarkup(facts.search?.candidates ?? [])}</script>
<script>${PAGE_SCRIPT}</script>
</body>
</html>
`;
}

/** JSON that cannot end the element it is in. */
function jsonInMarkup(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
