import { generationOf, searchSchema } from '../config/schema/search.js';
import { checkArguments } from '../core/check.js';
import { expected } from '../core/errors.js';
import type { RandomStream } from '../core/rng.js';
import type { GeneSpace } from '../sampling/sampler.js';
import type { Architecture } from '../space/types.js';
import { attempt, best, runGenerations, SEARCH_DEFAULTS, type SearchOptions } from './generations.js';
import type { Evaluate, SearchState } from './types.js';

export interface EvolutionOptions extends SearchOptions {
  /** Children by mutation in a generation. Default: half the population, or what crossovers leave if less. */
  mutations?: number;
  /** Children by crossover in a generation. Default: the other half, or what mutations leave if less. */
  crossovers?: number;
  /** Probability that a mutation redraws a gene. Default 0.1. */
  mutationProbability?: number;
}

/**
 * Evolutionary architecture search, Algorithm 1 of arXiv 1904.00420. Parents come from the best of all generations.
 * A child that was seen before or breaks a constraint is rejected before evaluation; after ten attempts a child the
 * rest of a generation is drawn uniformly from the legal architectures not yet seen.
 *
 * Yields the state after the initial population and after each generation; the last one is `done`.
 */
export function evolutionarySearch(
  space: GeneSpace,
  evaluate: Evaluate,
  options: EvolutionOptions = {},
): AsyncGenerator<SearchState, void, void> {
  checkArguments('evolutionarySearch()', { options });
  const population = options.population ?? SEARCH_DEFAULTS.population;
  const { mutations: given = null, crossovers: others = null } = options;
  const { mutations, crossovers } = generationOf({
    population,
    topK: null,
    mutations: given,
    crossovers: others,
  });
  const probability = checkProbability(options.mutationProbability);
  if (mutations < 0 || crossovers < 0 || mutations + crossovers > population) {
    throw expected(
      `at most ${population} children, the population`,
      'mutations + crossovers',
      mutations + crossovers,
    );
  }
  return runGenerations(space, evaluate, options, {
    name: 'evolution',
    propose(random, visited, explored) {
      const parents = best(visited, options.topK ?? SEARCH_DEFAULTS.topK).map(
        ({ architecture }) => architecture,
      );
      const parent = () => parents[random.integer(parents.length)]!;
      return [
        ...attempt(mutations, 'mutation', explored, () => {
          const only = parent();
          return { architecture: mutate(space, only, probability, random), parents: [only] };
        }),
        ...attempt(crossovers, 'crossover', explored, () => {
          const [a, b] = [parent(), parent()];
          return { architecture: crossover(a, b, random), parents: [a, b] };
        }),
      ];
    },
  });
}

/** Redraws each gene with the given probability, uniformly over all its values. */
export function mutate(
  space: GeneSpace,
  parent: Architecture,
  probability: number,
  random: RandomStream,
): number[] {
  return space.genes.map(({ size }, g) =>
    random.uniform() < probability ? random.integer(size) : parent[g]!,
  );
}

/** Takes each gene from either parent with equal probability. */
export function crossover(a: Architecture, b: Architecture, random: RandomStream): number[] {
  return a.map((value, g) => (random.integer(2) === 0 ? value : b[g]!));
}

export function checkProbability(value: number = searchSchema.parse({}).mutationProbability): number {
  if (!(value >= 0 && value <= 1)) throw expected('a probability', 'mutationProbability', value);
  return value;
}
