import { configArgument } from '../config/load.js';
import type { Config } from '../config/schema/config.js';
import { checkArguments } from '../core/check.js';
import type { SinglePathError } from '../core/errors.js';
import { RunDirectory } from '../run/directory.js';
import { noteImages } from '../run/images.js';
import type { Finalist } from '../search/finalists.js';
import { withModel } from '../search/generations.js';
import type { GenerationSummary, SearchResult } from '../search/result.js';
import type { Candidate } from '../search/types.js';
import { calibrate } from './calibrate.js';
import { type ConfirmControl, confirmLatency } from './confirmLatency.js';
import { Disposables } from './disposables.js';
import { checkFinalists, type FinalistsBudget, trainFinalists } from './finalists.js';
import { openSpace, provenance } from './fromConfig.js';
import { searchIdentity, tablesIdentity } from './identity.js';
import { searchedArchitectures } from './legalArchitectures.js';
import { openNaswot, withNaswot } from './naswot.js';
import { openScorer, type Scorer } from './openScorer.js';
import { keptConfig, type RunControl, readRun } from './runs.js';
import { reportedCosts, searchAlgorithm } from './searchAlgorithm.js';
import { checkGenerations, searchPhases } from './searchPhases.js';
import { Trials } from './trials.js';
import { combinedValuation } from './valuation.js';

export interface SearchControl extends RunControl {
  /** Run directory of the supernet. */
  supernet: string;
  /** Receives the error of each damaged checkpoint that is skipped. */
  onSkipped: (error: SinglePathError) => void;
  /** Receives how many candidates of the present generation have their score, and how many there are. */
  onCandidates?: (done: number, total: number) => void;
  onGeneration?: (summary: GenerationSummary) => void;
  /** What the finalists will cost, before the first is trained. */
  onFinalists?: (budget: FinalistsBudget) => void;
  /** Short trainings done: of the calibration before the search, of the finalists after it. */
  onTrial?: (phase: 'calibration' | 'finalists', done: number, total: number) => void;
  /** Told where the supernet ranks the calibration networks worse than arithmetic. */
  onWarning?: (message: string) => void;
  /** How finalists under a latency constraint are measured. */
  latency?: Omit<ConfirmControl, 'signal' | 'journals'>;
}

export type { SearchResult };

/**
 * Searches with the weights of a trained supernet, and with a random baseline where the configuration asks for it.
 * Of a group, rank 0 searches, and all others call {@link helpScore}. Constraints that cannot be met are found before anything is loaded.
 *
 * @throws SinglePathError `INFEASIBLE_CONSTRAINT` with the smallest possible cost, and what searchPhases throws.
 */
export async function runSearch(
  given: Config,
  control: SearchControl,
): Promise<{ result: SearchResult; work: Scorer['work'] }> {
  const config = configArgument('runSearch()', given);
  checkArguments('runSearch()', { control });
  checkArguments('runSearch()', { path: control.runDir });
  const { runDir, resume = false, signal, onCandidates, onGeneration, onSkipped } = control;
  const space = openSpace(config.space);
  const feasible = searchedArchitectures(space, config);
  checkFinalists(space, config.search.finalists, feasible);
  const supernetRun = readRun(control.supernet, 'train');
  await using scorer = await openScorer(config, space, supernetRun, {
    signal,
    group: control.group,
    onSkipped,
    ...(onCandidates && { onProgress: onCandidates }),
  });
  using run = await RunDirectory.open(runDir, {
    kind: 'search',
    space,
    ...keptConfig(config),
    sources: { supernet: control.supernet },
    identity: {
      ...searchIdentity(config, scorer.weights),
      ...tablesIdentity(config, 'search', space),
      split: scorer.record.split,
    },
    resume,
    checkResumed: (state) => checkGenerations(state, config.search.generations),
    ...provenance(config),
  });
  await noteImages(run.path, scorer.record);
  const openTrials = () => Trials.open(config, space, supernetRun, { runDir, signal, onSkipped });
  const { search } = config;
  using stack = new Disposables();
  const naswot =
    search.score === 'model' && config.evaluate.naswotImages > 0
      ? stack.add(await openNaswot(config, space, signal))
      : undefined;
  const evaluate = naswot === undefined ? scorer.evaluate : withNaswot(scorer.evaluate, naswot);
  const setting = { space, images: scorer.images, naswot: naswot !== undefined };
  const calibrated =
    search.calibrate === 0
      ? undefined
      : await calibrate({
          ...setting,
          config,
          feasible,
          evaluate,
          openTrials,
          signal,
          onWarning: control.onWarning,
          onTrial: (done, total) => control.onTrial?.('calibration', done, total),
        });
  const valuation =
    calibrated?.valuation ?? (search.score === 'model' ? combinedValuation(setting) : undefined);
  const start = searchAlgorithm(config, space, { evaluate, feasible, valuation, signal });
  const finalists = async (visited: readonly Candidate[]): Promise<Finalist[]> => {
    using trials = await openTrials();
    const { epochs, rungs } = search.trial;
    return await trainFinalists({
      space,
      trials,
      epochs,
      rungs,
      count: search.finalists,
      candidates: withModel(visited, valuation),
      onBudget: control.onFinalists,
      onTrial: (done, total) => control.onTrial?.('finalists', done, total),
    });
  };
  const result = await searchPhases({
    space,
    costs: reportedCosts(config, space),
    search: start.search,
    baseline: config.search.baseline ? start.baseline : undefined,
    finalists: search.finalists > 0 ? finalists : undefined,
    ...(calibrated && { extra: { calibration: calibrated.calibration } }),
    confirm: (found) =>
      confirmLatency(space, config, found, { ...control.latency, journals: run.path, signal }),
    run,
    signal,
    onGeneration,
  });
  return { result, work: scorer.work };
}
