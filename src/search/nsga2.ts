import { checkArguments } from '../core/check.js';
import { expected } from '../core/errors.js';
import type { RandomStream } from '../core/rng.js';
import { type CostTable, tableCost } from '../cost/table.js';
import type { GeneSpace } from '../sampling/sampler.js';
import { checkProbability, crossover, mutate } from './evolution.js';
import { attempt, runGenerations, SEARCH_DEFAULTS, type SearchOptions } from './generations.js';
import { crowdingDistance, nonDominatedSort, type Objectives, paretoFront } from './pareto.js';
import { type Candidate, type Evaluate, type FrontMember, merit, type SearchState } from './types.js';

export interface Nsga2Options extends SearchOptions {
  /** Probability that a child's gene is redrawn after crossover. Default 0.1. */
  mutationProbability?: number;
}

/**
 * Multi-objective search: accuracy is maximized against additive costs, which are minimized (NSGA-II, Deb et al.
 * 2002). Children come from two binary tournaments on (front, crowding distance), a uniform crossover and a
 * mutation; legality, visited set and budget are those of {@link evolutionarySearch}. `front` is the Pareto front
 * of everything evaluated.
 */
export function nsga2(
  space: GeneSpace,
  evaluate: Evaluate,
  tables: readonly CostTable[],
  options: Nsga2Options = {},
): AsyncGenerator<SearchState, void, void> {
  checkArguments('nsga2()', { costTables: tables, options });
  if (tables.length === 0) throw expected('at least one cost', 'the objectives of nsga2', tables.length);
  const population = options.population ?? SEARCH_DEFAULTS.population;
  const probability = checkProbability(options.mutationProbability);
  const objectives = (candidate: Candidate): Objectives => [
    -merit(candidate),
    ...tables.map((table) => tableCost(table, candidate.architecture)),
  ];
  return runGenerations(space, evaluate, options, {
    name: 'nsga2',
    propose(random, visited, explored) {
      const parents = survivors(visited, population, objectives);
      return attempt(population, 'crossover', explored, () => {
        const [a, b] = [tournament(parents, random), tournament(parents, random)];
        return { architecture: mutate(space, crossover(a, b, random), probability, random), parents: [a, b] };
      });
    },
    front: (visited) => frontOf(visited, tables, objectives),
  });
}

/** Population after the last generation. Recomputed from the history, so that a state holds nothing more. */
function survivors(
  visited: readonly Candidate[],
  size: number,
  objectives: (c: Candidate) => Objectives,
): Candidate[] {
  let population: Candidate[] = [];
  for (let start = 0; start < visited.length; ) {
    let end = start;
    while (end < visited.length && visited[end]!.generation === visited[start]!.generation) end++;
    population = select([...population, ...visited.slice(start, end)], size, objectives);
    start = end;
  }
  return population;
}

/** The best `size` candidates by (front, crowding distance), best first. */
function select(
  candidates: Candidate[],
  size: number,
  objectives: (c: Candidate) => Objectives,
): Candidate[] {
  const points = candidates.map(objectives);
  const chosen: Candidate[] = [];
  for (const front of nonDominatedSort(points)) {
    const distance = crowdingDistance(front.map((i) => points[i]!));
    const order = front
      .map((_, i) => i)
      .sort((i, j) => (distance[i] === distance[j] ? 0 : distance[j]! - distance[i]!));
    chosen.push(...order.map((i) => candidates[front[i]!]!));
    if (chosen.length >= size) break;
  }
  return chosen.slice(0, size);
}

/** The better of two random parents; they are in order. */
function tournament(parents: readonly Candidate[], random: RandomStream) {
  return parents[Math.min(random.integer(parents.length), random.integer(parents.length))]!.architecture;
}

function frontOf(
  visited: readonly Candidate[],
  tables: readonly CostTable[],
  objectives: (c: Candidate) => Objectives,
): FrontMember[] {
  return paretoFront(visited.map(objectives))
    .map((i) => visited[i]!)
    .map((candidate) => ({
      ...candidate,
      costs: Object.fromEntries(
        tables.map((table) => [table.metric, tableCost(table, candidate.architecture)]),
      ),
    }))
    .sort((a, b) => merit(b) - merit(a));
}
