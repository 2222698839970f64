import { didYouMean, expected, SinglePathError } from '../../core/errors.js';
import { writeFileAtomically } from '../../core/files.js';
import { collectReport } from '../../pipeline/report/collectReport.js';
import type { RankResult } from '../../pipeline/runRank.js';
import type { ReportFacts } from '../../report/facts.js';
import { formatBytes } from '../../report/format.js';
import { reportPage } from '../../report/html/page.js';
import { PLOTS, type PlotName } from '../../report/plots.js';
import { standalone } from '../../report/svg/style.js';
import { verdictOf } from '../../report/verdict.js';
import { readJson } from '../common/architectures.js';
import { printJson, printText } from '../common/output.js';

export interface ReportCommandOptions {
  out: string;
  ranking?: string;
  json?: boolean;
}

export interface PlotCommandOptions extends ReportCommandOptions {
  width: number;
}

/** `singlepath report` */
export async function report(
  runs: readonly string[],
  { out, ranking, json }: ReportCommandOptions,
): Promise<void> {
  const facts = collect(runs, ranking);
  const page = reportPage(facts);
  await writeFileAtomically(out, [page]);
  const bytes = Buffer.byteLength(page);
  const findings = verdictOf(facts).map(({ text, detail }) => ({ text, detail }));
  if (json) {
    const found = facts.runs.map(({ name, kind, status }) => ({ name, kind, status }));
    printJson('report', { file: out, bytes, runs: found, findings });
    return;
  }
  const lines = findings.map(({ text, detail }) => `${text}\n  ${detail}`);
  printText([...lines, `${out} (${formatBytes(bytes)})`].join('\n'));
}

/** `singlepath plot` */
export async function plot(
  name: string,
  runs: readonly string[],
  { out, width, ranking, json }: PlotCommandOptions,
): Promise<void> {
  const names = Object.keys(PLOTS);
  if (!names.includes(name)) {
    throw expected('a plot', 'singlepath plot', name, { hint: didYouMean(name, names) });
  }
  const svg = PLOTS[name as PlotName](collect(runs, ranking), width);
  if (svg === undefined) {
    throw new SinglePathError(
      'INVALID_ARGUMENT',
      `Expected something to draw as '${name}' in ${runs.map((run) => `'${run}'`).join(', ')} but there is nothing yet`,
      { hint: NEEDS[name as PlotName] },
    );
  }
  await writeFileAtomically(out, [standalone(svg)]);
  if (json) printJson('plot', { file: out, plot: name });
  else printText(out);
}

/** Which runs a plot is drawn from. */
const NEEDS: Record<PlotName, string> = {
  pareto: 'it needs a search with candidates',
  progress: 'it needs a search with a complete generation',
  choices: 'it needs a search with candidates',
  architecture: 'it needs a search with candidates, or a network',
  supernet: 'it needs the run directory of singlepath train',
  networks: 'it needs the run directory of singlepath retrain',
  validation: 'it needs a retraining that was validated',
  agreement: 'it needs two trained networks that the search scored, or --ranking',
  latency: 'it needs a search under a latency constraint that measured its finalists',
};

function collect(runs: readonly string[], ranking: string | undefined): ReportFacts {
  return collectReport(runs, ranking === undefined ? {} : { ranking: readRanking(ranking) });
}

function readRanking(file: string): RankResult {
  const document = readJson(file) as Partial<RankResult> | null;
  if (Array.isArray(document?.card?.rows) && Array.isArray(document.networks)) return document as RankResult;
  throw expected('what `singlepath rank --json` prints', `'${file}'`, Object.keys(document ?? {}));
}
