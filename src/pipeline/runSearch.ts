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
import type { SearchSpace } from '../space/types.js';
import { type ConfirmControl, confirmLatency } from './latency/confirmLatency.js';
import { describeOtherMachine } from './runs/computedBy.js';
import { searchIdentity, tablesIdentity } from './runs/identity.js';
import { keptConfig, type RunControl, readRun } from './runs/runs.js';
import { checkFinalists, type FinalistsBudget, trainFinalists } from './search/finalists.js';
import { openScorer, type Scorer } from './search/openScorer.js';
import { openValuation } from './search/openValuation.js';
import { reportedCosts, searchAlgorithm } from './search/searchAlgorithm.js';
import { checkGenerations, searchPhases } from './search/searchPhases.js';
import { Trials } from './search/trials.js';
import { openSpace, provenance } from './setup/fromConfig.js';
import { searchedArchitectures } from './setup/legalArchitectures.js';

/** What short trainings are for: the calibration comes before the search, the finalists after it. */
type TrialPhase = 'calibration' | 'finalists';

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
  /** Short trainings done. */
  onTrial?: (phase: TrialPhase, done: number, total: number) => void;
  /** Told where the supernet ranks the calibration networks worse than arithmetic, and where a search goes on on another machine. */
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
  const { runDir, signal, onCandidates, onSkipped } = control;
  const { search } = config;
  const space = openSpace(config.space);
  const feasible = searchedArchitectures(space, config);
  checkFinalists(space, search.finalists, feasible);
  const supernetRun = readRun(control.supernet, 'train');
  await using opened = await openScorer(config, space, supernetRun, {
    signal,
    group: control.group,
    onSkipped,
    ...(onCandidates && { onProgress: onCandidates }),
  });
  using run = await openSearchRun(config, space, opened, control);
  const other = run.resumed ? describeOtherMachine(run.path, config.runtime) : undefined;
  const scorer = other === undefined ? opened : announced(opened, () => control.onWarning?.(other));
  await noteImages(run.path, scorer.record);
  const openTrials = () => Trials.open(config, space, supernetRun, { runDir, signal, onSkipped });
  const onTrial = (phase: TrialPhase) => (done: number, total: number) =>
    control.onTrial?.(phase, done, total);
  using valued = await openValuation(config, {
    space,
    feasible,
    scorer,
    supernet: supernetRun.path,
    openTrials,
    signal,
    onTrial: onTrial('calibration'),
    onWarning: control.onWarning,
  });
  const { evaluate, valuation, calibration } = valued;
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
      onTrial: onTrial('finalists'),
    });
  };
  const result = await searchPhases({
    space,
    costs: reportedCosts(config, space),
    search: start.search,
    baseline: search.baseline ? start.baseline : undefined,
    finalists: search.finalists > 0 ? finalists : undefined,
    ...(calibration && { extra: { calibration } }),
    confirm: (found) =>
      confirmLatency(space, config, found, { ...control.latency, journals: run.path, signal }),
    run,
    signal,
    onGeneration: control.onGeneration,
  });
  return { result, work: scorer.work };
}

/** A scorer that tells before its first scores; a finished search asks for none. */
function announced(scorer: Scorer, tell: () => void): Scorer {
  let told = false;
  return {
    ...scorer,
    evaluate: (architectures, options) => {
      if (!told) tell();
      told = true;
      return scorer.evaluate(architectures, options);
    },
  };
}

/** The run directory of a search with the scores of `scorer`. */
async function openSearchRun(
  config: Config,
  space: SearchSpace,
  scorer: Scorer,
  { runDir, supernet, resume = false }: SearchControl,
): Promise<RunDirectory> {
  return await RunDirectory.open(runDir, {
    kind: 'search',
    space,
    ...keptConfig(config),
    sources: { supernet },
    identity: {
      ...searchIdentity(config, scorer.weights),
      ...tablesIdentity(config, 'search', space),
      split: scorer.record.split,
    },
    resume,
    checkResumed: (state) => checkGenerations(state, config.search.generations),
    ...provenance(config),
  });
}
