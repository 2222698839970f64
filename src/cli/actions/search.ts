import { existsSync } from 'node:fs';
import { objectSource } from '../../config/sources.js';
import { SinglePathError } from '../../core/errors.js';
import { formatCost } from '../../cost/constraint.js';
import type { CostedCandidate, SearchOutcome, SearchResult } from '../../evaluate/searchPhases.js';
import { openSpace } from '../../pipeline/fromConfig.js';
import { runSearch } from '../../pipeline/runSearch.js';
import { readRun } from '../../pipeline/runs.js';
import { formatPercent } from '../../report/format.js';
import { type Column, formatTable } from '../../report/table.js';
import { formatArchitecture } from '../../space/architecture.js';
import type { SearchSpace } from '../../space/types.js';
import type { RunOptions } from '../common/options.js';
import { printJson, printText } from '../common/output.js';
import { searchReporter } from '../common/reporters.js';
import { defaultRunDir, runConfig } from '../common/runDirectory.js';
import { createSession } from '../common/session.js';
import { stoppable } from '../common/signals.js';

export interface SearchCommandOptions extends RunOptions {
  supernet?: string;
  constraint: string[];
}

/** `singlepath search` */
export async function search(options: SearchCommandOptions): Promise<void> {
  const folder = options.supernet ?? supernetOf(options);
  const supernet = readRun(folder, 'train');
  const constraints = options.constraint.length > 0 ? options.constraint : undefined;
  const config = runConfig(options, {
    base: [objectSource(supernet.config, `${folder}/config.yaml`)],
    shortcuts: [{ path: ['search', 'constraints'], value: constraints, option: '--constraint' }],
  });
  const runDir = options.runDir ?? defaultRunDir(config, 'search');
  const session = createSession(options);
  const reporter = searchReporter(session, config.search.generations);
  const { result, work } = await stoppable({ saves: 'the last complete generation' }, (signal) =>
    runSearch(config, {
      supernet: folder,
      runDir,
      resume: options.resume,
      signal,
      onSkipped: (error) => session.log.warn(error.message),
      onCandidates: reporter.onCandidates,
      onGeneration: reporter.onGeneration,
    }).finally(reporter.stop),
  );
  const { layersRun, layersAlone } = work;
  if (layersAlone > 0) {
    const saved = formatPercent(1 - layersRun / layersAlone);
    session.log.info(`shared prefixes saved ${saved} of ${layersAlone} layer evaluations`);
  }
  if (options.json) printJson('search', { ...result, runDir });
  else printText(`${describeSearch(openSpace(config.space), result)}\n${runDir}`);
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

/** Winner, baseline and Pareto front as tables. */
export function describeSearch(space: SearchSpace, result: SearchResult): string {
  const { baseline } = result;
  const parts = [describeOutcome(space, result)];
  if (baseline) parts.push(describeOutcome(space, baseline));
  return parts.join('\n\n');
}

function describeOutcome(space: SearchSpace, outcome: SearchOutcome): string {
  const { method, evaluated, front, topK, note } = outcome;
  const title = `${method}: ${evaluated} candidates evaluated${front ? ', Pareto front' : ', best first'}`;
  const table = candidateTable(space, front ?? topK);
  return [title, table, ...(note === undefined ? [] : [note])].join('\n');
}

function candidateTable(space: SearchSpace, candidates: readonly CostedCandidate[]): string {
  const metrics = Object.keys(candidates[0]?.costs ?? {});
  const columns: Column[] = [
    { title: 'architecture' },
    { title: 'held-out accuracy', align: 'right' },
    ...metrics.map((title): Column => ({ title, align: 'right' })),
    { title: 'generation', align: 'right' },
  ];
  return formatTable(
    columns,
    candidates.map(({ architecture, score, costs, generation }) => [
      formatArchitecture(space, architecture),
      formatPercent(score.accuracy),
      ...metrics.map((metric) => formatCost(metric, costs[metric]!)),
      String(generation),
    ]),
  );
}
