import { expected } from '../core/errors.js';
import type { GeneSpace } from '../sampling/sampler.js';
import type { Architecture } from '../space/types.js';
import { best } from './generations.js';
import type { RungScore } from './halving.js';
import { dOptimalDesign } from './model/design.js';
import { geneTerms } from './model/terms.js';
import type { Candidate, Score } from './types.js';

/** A candidate that was trained, with its scores on the held-out images after each rung it took part in. */
export interface Finalist {
  architecture: Architecture;
  /** What the search thought of it. */
  score: Score;
  /** `folder`: the run directory of the training, counted from that of the search. */
  rungs: (RungScore & { epochs: number; folder: string })[];
  /** By latency metric, measured nanoseconds of the whole network. */
  measured?: Record<string, number>;
}

/** Share of the finalists that are simply the best. */
const SHARE_OF_BEST = 0.7;
/**
 * The others come from so many times as many of the best: further down a candidate that differs is rarely better
 * (docs/search-quality.md).
 */
const REACH = 1.5;

/**
 * Candidates to be trained: the best by `merit`, and a rest that differs from them most (D-optimal in the genes)
 * among those that follow. A supernet's mistakes are systematic, so the next best are wrong in the same way.
 *
 * @param genesOf the same genes for candidates that are the same network, of which only the best scored counts.
 * @throws SinglePathError `INVALID_ARGUMENT` where there are fewer different networks.
 */
export function chooseFinalists(
  space: GeneSpace,
  candidates: readonly Candidate[],
  count: number,
  genesOf: (candidate: Candidate) => Architecture,
): Candidate[] {
  const different = new Map<string, Candidate>();
  for (const candidate of best(candidates, candidates.length)) {
    const key = genesOf(candidate).join();
    if (!different.has(key)) different.set(key, candidate);
  }
  const ordered = [...different.values()];
  if (count > ordered.length) {
    throw expected(`at most ${ordered.length}, the networks the search evaluated,`, 'finalists', count, {
      hint: 'raise search.population or search.generations, or ask for fewer finalists',
    });
  }
  const top = ordered.slice(0, Math.ceil(SHARE_OF_BEST * count));
  const left = count - top.length;
  if (left === 0) return top;
  const good = ordered.slice(top.length, Math.ceil(REACH * count));
  const terms = geneTerms(space, false);
  const row = (candidate: Candidate) => terms.row(genesOf(candidate));
  const rest = dOptimalDesign(good.map(row), left, top.map(row));
  return [...top, ...rest.map((i) => good[i]!)];
}
