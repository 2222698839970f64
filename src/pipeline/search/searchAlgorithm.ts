import type { Config } from '../../config/schema/config.js';
import { generationOf } from '../../config/schema/search.js';
import { SinglePathError, withPrefix } from '../../core/errors.js';
import { parseConstraints } from '../../cost/constraint.js';
import { metricsOf } from '../../cost/cost.js';
import type { CostTable } from '../../cost/table.js';
import { costTable } from '../../latency/cost/costTable.js';
import type { FeasibleSet } from '../../sampling/feasible.js';
import { evolutionarySearch } from '../../search/evolution.js';
import { nsga2 } from '../../search/nsga2.js';
import { randomSearch } from '../../search/random.js';
import type { Evaluate, Valuation } from '../../search/types.js';
import type { SearchSpace } from '../../space/types.js';
import type { StartSearch } from './searchPhases.js';

/** What a search asks: how good candidates are, which there may be, and what ranks them. */
export interface SearchSetting {
  evaluate: Evaluate;
  feasible: FeasibleSet;
  valuation: Valuation | undefined;
  signal: AbortSignal | undefined;
}

/**
 * The search that a configuration names, and the random one with as many evaluations, to compare with; of a random search another
 * one, which the next seed draws.
 */
export function searchAlgorithm(
  { search, seed, latency }: Config,
  space: SearchSpace,
  { evaluate, feasible, valuation, signal }: SearchSetting,
): { search: StartSearch; baseline: StartSearch } {
  const { population, generations, mutationProbability } = search;
  const { topK, mutations, crossovers } = generationOf(search);
  const options = (resume: Parameters<StartSearch>[0]) => ({
    seed,
    population,
    generations,
    topK,
    feasible,
    ...(valuation && { valuation }),
    ...(resume && { resume }),
    ...(signal && { signal }),
  });
  const baseline: StartSearch = (resume) => randomSearch(space, evaluate, options(resume));
  switch (search.algorithm) {
    case 'random':
      return {
        search: baseline,
        baseline: (resume) => randomSearch(space, evaluate, { ...options(resume), seed: seed + 1 }),
      };
    case 'evolution': {
      const evolution = { mutations, crossovers, mutationProbability };
      return {
        search: (resume) => evolutionarySearch(space, evaluate, { ...options(resume), ...evolution }),
        baseline,
      };
    }
    case 'nsga2': {
      const tables = objectiveTables(space, search.objectives, latency);
      return {
        search: (resume) => nsga2(space, evaluate, tables, { ...options(resume), mutationProbability }),
        baseline,
      };
    }
  }
}

/**
 * The costs nsga2 minimizes: all objectives but the accuracy.
 *
 * @throws SinglePathError `INVALID_CONFIG` without the accuracy, `INVALID_ARGUMENT` for an unknown cost.
 */
export function objectiveTables(
  space: SearchSpace,
  objectives: readonly string[],
  deployment: Config['latency'],
): CostTable[] {
  if (!objectives.includes('accuracy')) {
    throw new SinglePathError(
      'INVALID_CONFIG',
      `Expected accuracy among search.objectives but received ${objectives.join(', ')}`,
    );
  }
  const costs = objectives.filter((name) => name !== 'accuracy');
  return withPrefix('search.objectives: ', () => costs.map((name) => costTable(space, name, deployment)));
}

/** The costs in the result of a search: MAdds and parameters, what is constrained, and BitOps where bits are searched. */
export function reportedCosts({ search, latency }: Config, space: SearchSpace): CostTable[] {
  const unasked = ['activations', 'weightbits'];
  const metrics = new Set<string>(metricsOf(space).filter((metric) => !unasked.includes(metric)));
  for (const { metric } of parseConstraints(search.constraints)) metrics.add(metric);
  for (const objective of search.algorithm === 'nsga2' ? search.objectives : []) {
    if (objective !== 'accuracy') metrics.add(objective);
  }
  return [...metrics].map((metric) => costTable(space, metric, latency));
}
