import type { Architecture } from '../space/types.js';

/** What an evaluation measured. Searches rank by `merit`; the rest is kept beside it. */
export interface Score {
  /** Higher is better. */
  accuracy: number;
  loss?: number;
  /** What a score model makes of it (`search.score: model`), on a scale of its own, and its standard deviation. */
  model?: number;
  modelDeviation?: number;
  [measure: string]: number | undefined;
}

/**
 * Scores architectures with the weights they inherit from a supernet, one score each, in order. A whole generation
 * comes at once, so that prefixes can be shared.
 */
export type Evaluate = (
  architectures: readonly Architecture[],
  options: { signal?: AbortSignal },
) => Promise<readonly Score[]>;

export type Origin = 'random' | 'mutation' | 'crossover';

/** An evaluated architecture. */
export interface Candidate {
  architecture: Architecture;
  score: Score;
  /** 0 is the initial population. */
  generation: number;
  origin: Origin;
  /** What it was made from: one of a mutation, two of a crossover, none of a random one. */
  parents?: readonly Architecture[];
}

/** What searches rank by: the score model's prediction where there is one, else the accuracy. Higher is better. */
export function merit({ score }: Pick<Candidate, 'score'>): number {
  return score.model ?? score.accuracy;
}

/**
 * Predictions for all candidates evaluated so far, from all of them; undefined while they are too few. A function of its
 * arguments alone, so that a search resumes to the identical result.
 */
export type Valuation = (
  visited: readonly Pick<Candidate, 'architecture' | 'score'>[],
) => readonly { mean: number; deviation: number }[] | undefined;

/** A member of a Pareto front with its cost under each metric. */
export interface FrontMember extends Candidate {
  costs: Record<string, number>;
}

/**
 * A search after a generation, as plain JSON. Given back as `resume` with the same options, the search goes on to
 * the identical result.
 */
export interface SearchState {
  method: 'evolution' | 'random' | 'nsga2';
  seed: number;
  /** Last generation that is complete. */
  generation: number;
  /** Counter of the random stream that the next generation uses. */
  rngCounter: number;
  /** Every evaluated architecture, in order of evaluation; none twice. */
  visited: Candidate[];
  /** The best of all generations so far, best first. */
  topK: Candidate[];
  /** Of `nsga2`: candidates that no other beats in accuracy and every cost, best accuracy first. */
  front?: FrontMember[];
  done: boolean;
  /** Why a search ended before its budget. */
  note?: string;
}
