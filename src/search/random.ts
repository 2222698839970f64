import { checkArguments } from '../core/check.js';
import type { GeneSpace } from '../sampling/sampler.js';
import { runGenerations, type SearchOptions } from './generations.js';
import type { Evaluate, SearchState } from './types.js';

/**
 * The baseline: as many evaluations as {@link evolutionarySearch} makes with the same options, all of them distinct
 * legal architectures drawn uniformly.
 */
export function randomSearch(
  space: GeneSpace,
  evaluate: Evaluate,
  options: SearchOptions = {},
): AsyncGenerator<SearchState, void, void> {
  checkArguments('randomSearch()', { options });
  return runGenerations(space, evaluate, options, { name: 'random', propose: () => [] });
}
