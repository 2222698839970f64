import { existsSync } from 'node:fs';
import { objectSource } from '../../config/sources.js';
import { SinglePathError } from '../../core/errors.js';
import { formatCost } from '../../cost/constraint.js';
import { runSearch } from '../../pipeline/runSearch.js';
import { readRun, resumes } from '../../pipeline/runs/runs.js';
import { openSpace } from '../../pipeline/setup/fromConfig.js';
import { formatPercent } from '../../report/format.js';
import { type Column, formatTable } from '../../report/table.js';
import type { Finalist } from '../../search/finalists.js';
import type { CostedCandidate, SearchOutcome, SearchResult } from '../../search/result.js';
import { formatArchitecture } from '../../space/architecture.js';
import type { SearchSpace } from '../../space/types.js';
import { checkSearched, searchShortcuts } from '../common/configOf.js';
import { checkDevices, withDevices } from '../common/devices.js';
import type { DevicesOptions } from '../common/latencyOptions.js';
import { nextStep } from '../common/nextStep.js';
import type { RunOptions, SearchOptions } from '../common/options.js';
import { printJson, printText } from '../common/output.js';
import { help, together } from '../common/ranks.js';
import { warnReplaced } from '../common/replaced.js';
import { searchReporter } from '../common/reporters.js';
import { runConfig } from '../common/runDirectory.js';
import { createSession } from '../common/session.js';
import { stoppable } from '../common/signals.js';
import { warnUnfinished } from '../common/unfinished.js';

export interface SearchCommandOptions extends RunOptions, SearchOptions, DevicesOptions {
  supernet?: string;
}

/** `singlepath search` */
export async function search(options: SearchCommandOptions): Promise<void> {
  const folder = options.supernet ?? supernetOf(options);
  const supernet = readRun(folder, 'train');
  const base = [objectSource(supernet.config, `${folder}/config.yaml`)];
  const { config, runDir } = runConfig(options, 'search', { base, shortcuts: searchShortcuts(options) });
  checkDevices(options, config);
  const session = createSession(options, runDir);
  warnReplaced(session, options, () => runConfig(options, 'search', { base }).config);
  checkSearched(session, options, config);
  warnUnfinished(session, supernet);
  const reporter = searchReporter(session, config.search.generations);
  const onSkipped = (error: SinglePathError) => session.log.warn(error.message);
  const found = await stoppable({ saves: 'the last complete generation' }, (signal) =>
    together(config, session, signal, async (shared) => {
      if (shared.group.rank > 0) return void (await help(config, folder, session, { ...shared, onSkipped }));
      return await runSearch(config, {
        supernet: folder,
        runDir,
        resume: resumes({ ...options, ...shared }),
        onSkipped,
        ...shared,
        ...reporter.hooks,
        latency: withDevices(reporter.hooks.latency, options, config),
      });
    }).finally(reporter.stop),
  );
  if (found === undefined) return;
  const { result, work } = found;
  const { layersRun, layersAlone } = work;
  if (layersAlone > 0) {
    const saved = formatPercent(1 - layersRun / layersAlone);
    session.log.info(`shared prefixes saved ${saved} of ${layersAlone} layer evaluations`);
  }
  if (options.json) printJson('search', { ...result, runDir });
  else {
    const next = nextStep(['retrain', '--search', runDir], 'train what was found from scratch');
    printText(`${describeSearch(openSpace(config.space), result)}\n${runDir}\n${next}`);
  }
}

/** The supernet that a search to be resumed was started with. */
function supernetOf({ resume, runDir }: SearchCommandOptions): string {
  const stored = resume && runDir !== undefined ? readRun(runDir, 'search').supernet : undefined;
  if (stored !== undefined && existsSync(stored)) return stored;
  const moved = stored === undefined ? '' : `: it was '${stored}', which is gone`;
  throw new SinglePathError('INVALID_ARGUMENT', `Expected --supernet FOLDER${moved}`, {
    hint: 'the run directory of singlepath train; only --resume with --run-dir does without',
  });
}

/** Winner, finalists, baseline and Pareto front as tables. */
export function describeSearch(space: SearchSpace, result: SearchResult): string {
  const { baseline, calibration } = result;
  const modelText = calibration === undefined ? deviationText : accuracyText;
  const parts = [describeOutcome(space, result, modelText)];
  if (result.finalists) parts.push(describeFinalists(space, result.finalists));
  if (baseline) parts.push(describeOutcome(space, baseline, modelText));
  return parts.join('\n\n');
}

function describeFinalists(space: SearchSpace, finalists: readonly Finalist[]): string {
  const rungs = finalists[0]!.rungs;
  const table = formatTable(
    [
      { title: 'architecture' },
      ...rungs.map(({ epochs }): Column => ({ title: `after ${epochs} epochs`, align: 'right' })),
    ],
    finalists.map((finalist) => [
      formatArchitecture(space, finalist.architecture),
      ...rungs.map((_, rung) => {
        const score = finalist.rungs[rung];
        return score === undefined ? '' : formatPercent(score.accuracy);
      }),
    ]),
  );
  return `finalists, trained: held-out accuracy, the winner first\n${table}`;
}

function describeOutcome(space: SearchSpace, outcome: SearchOutcome, modelText: ModelText): string {
  const { method, evaluated, front, topK, winner, note } = outcome;
  const title = `${method}: ${evaluated} candidates evaluated${front ? ', Pareto front' : ', best first'}`;
  const table = candidateTable(space, front ?? topK, modelText);
  const measured =
    winner.measured === undefined ? [] : [`winner: ${formatArchitecture(space, winner.architecture)}`];
  return [title, table, ...(note === undefined ? [] : [note]), ...measured].join('\n');
}

function candidateTable(
  space: SearchSpace,
  candidates: readonly CostedCandidate[],
  modelText: ModelText,
): string {
  const metrics = Object.keys(candidates[0]?.costs ?? {});
  const modelled = candidates[0]?.score.model !== undefined;
  const measured = metrics.filter((metric) => candidates.some((one) => one.measured?.[metric] !== undefined));
  const columns: Column[] = [
    { title: 'architecture' },
    { title: 'held-out accuracy', align: 'right' },
    ...(modelled ? [{ title: 'score model', align: 'right' } satisfies Column] : []),
    ...metrics.map((title): Column => ({ title, align: 'right' })),
    ...measured.map((metric): Column => ({ title: `${metric} measured`, align: 'right' })),
    { title: 'generation', align: 'right' },
  ];
  return formatTable(
    columns,
    candidates.map(({ architecture, score, costs, measured: times, generation }) => [
      formatArchitecture(space, architecture),
      formatPercent(score.accuracy),
      ...(modelled ? [modelText(score)] : []),
      ...metrics.map((metric) => formatCost(metric, costs[metric]!)),
      ...measured.map((metric) => (times?.[metric] === undefined ? '' : formatCost(metric, times[metric]))),
      String(generation),
    ]),
  );
}

type ModelText = (score: CostedCandidate['score']) => string;

/** A calibrated model predicts -log(error) of a short training. */
function accuracyText({ model = Number.NaN, modelDeviation = 0 }: CostedCandidate['score']): string {
  const error = Math.exp(-model);
  return `${formatPercent(1 - error)} +- ${formatPercent(error * modelDeviation)}`;
}

/** Without trained networks it has no scale but that of the candidates. */
function deviationText({ model = Number.NaN, modelDeviation = 0 }: CostedCandidate['score']): string {
  return `${model.toFixed(2)} +- ${modelDeviation.toFixed(2)}`;
}
