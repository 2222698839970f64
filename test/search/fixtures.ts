import { RandomStream } from '../../src/core/rng.js';
import { type CostTable, tableCost } from '../../src/cost/table.js';
import type { GeneSpace } from '../../src/sampling/sampler.js';
import type { Evaluate, SearchState } from '../../src/search/types.js';
import type { Architecture } from '../../src/space/types.js';
import { chain } from '../sampling/fixtures.js';

/** A score that is a sum over genes: what a real supernet's accuracy is to first order. */
export function additiveScore(
  space: GeneSpace,
  seed: number,
): { score: CostTable; accuracy(a: Architecture): number } {
  const random = new RandomStream(seed, 'test', 99);
  const rows = space.genes.map(({ size }) => Array.from({ length: size }, () => random.uniform()));
  const score = chain(rows, { metric: 'score' }).table;
  return { score, accuracy: (architecture) => tableCost(score, architecture) };
}

/** Evaluates by a function and keeps what was asked. */
export function recording(accuracy: (a: Architecture) => number): {
  evaluate: Evaluate;
  asked: string[];
  calls: number[];
} {
  const asked: string[] = [];
  const calls: number[] = [];
  return {
    asked,
    calls,
    evaluate: async (architectures) => {
      calls.push(architectures.length);
      asked.push(...architectures.map((architecture) => architecture.join()));
      return architectures.map((architecture) => ({ accuracy: accuracy(architecture) }));
    },
  };
}

export async function statesOf(search: AsyncIterable<SearchState>): Promise<SearchState[]> {
  const states: SearchState[] = [];
  for await (const state of search) states.push(state);
  return states;
}

export async function lastOf(search: AsyncIterable<SearchState>): Promise<SearchState> {
  const states = await statesOf(search);
  return states[states.length - 1]!;
}
