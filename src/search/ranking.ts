import { checkArguments } from '../core/check.js';
import { expected } from '../core/errors.js';
import { kendallTau, spearmanRho } from './correlation.js';

/** A range of costs and how well scores rank the architectures inside it. */
export interface CostBand {
  from: number;
  to: number;
  count: number;
  /** NaN where fewer than two values differ. */
  kendall: number;
}

/** How well scores rank architectures whose true accuracy is known. */
export interface RankingReport {
  count: number;
  kendall: number;
  spearman: number;
  /** Kendall's tau inside bands of similar cost: what a score knows beyond "larger is better". */
  bands: CostBand[];
  /** Mean tau over the bands that have one. */
  bandKendall: number;
  /** Best true accuracy minus that of the best among the `k` top scores. */
  regret: { k: number; regret: number }[];
  /** Share of the `k` top scores that are among the `k` truly best. */
  precision: { k: number; precision: number }[];
}

export interface RankingOptions {
  /** Bands of equally many architectures. Default 10. */
  bands?: number;
  /** Numbers of top scores. Those above the count are left out. Default 1, 10, 50. */
  topK?: readonly number[];
}

/**
 * Compares the order of `scores` with that of `truth`, over all and inside bands of `costs`. With the costs as scores it is
 * the baseline that knows nothing but costs.
 */
export function rankingReport(
  scores: readonly number[],
  truth: readonly number[],
  costs: readonly number[],
  options: RankingOptions = {},
): RankingReport {
  for (const numbers of [scores, truth, costs]) checkArguments('rankingReport()', { numbers });
  checkArguments('rankingReport()', { options });
  const { bands = 10, topK = [1, 10, 50] } = options;
  checkArguments('topK of rankingReport()', { numbers: topK });
  const banded = kendallInBands(scores, truth, costs, bands);
  const known = banded.map(({ kendall }) => kendall).filter((tau) => !Number.isNaN(tau));
  const ks = topK.filter((k) => k <= scores.length);
  return {
    count: scores.length,
    kendall: kendallTau(scores, truth),
    spearman: spearmanRho(scores, truth),
    bands: banded,
    bandKendall: known.reduce((sum, tau) => sum + tau, 0) / known.length,
    regret: ks.map((k) => ({ k, regret: topKRegret(scores, truth, k) })),
    precision: ks.map((k) => ({ k, precision: precisionAt(scores, truth, k) })),
  };
}

/** Tau inside bands of equally many architectures by cost; equal costs stay in one band. */
export function kendallInBands(
  scores: readonly number[],
  truth: readonly number[],
  costs: readonly number[],
  bands: number,
): CostBand[] {
  if (costs.length !== scores.length) throw expected(`${scores.length} costs`, 'a ranking', costs.length);
  checkArguments('bands', { count: bands });
  const order = costs.map((_, i) => i).sort((i, j) => costs[i]! - costs[j]!);
  const members: number[][] = Array.from({ length: bands }, () => []);
  let first = 0;
  order.forEach((item, position) => {
    if (costs[item] !== costs[order[first]!]) first = position;
    members[Math.floor((first * bands) / order.length)]!.push(item);
  });
  return members
    .filter((items) => items.length > 0)
    .map((items) => ({
      from: costs[items[0]!]!,
      to: costs[items[items.length - 1]!]!,
      count: items.length,
      kendall: kendallTau(
        items.map((i) => scores[i]!),
        items.map((i) => truth[i]!),
      ),
    }));
}

/** Accuracy lost by training only the `k` best scored: best truth minus the best truth among them. */
export function topKRegret(scores: readonly number[], truth: readonly number[], k: number): number {
  const chosen = top(scores, k).map((i) => truth[i]!);
  return truth[top(truth, 1)[0]!]! - Math.max(...chosen);
}

/** Share of the `k` best scored that are among the `k` truly best. */
export function precisionAt(scores: readonly number[], truth: readonly number[], k: number): number {
  const best = new Set(top(truth, k));
  return top(scores, k).filter((i) => best.has(i)).length / k;
}

/** Indices of the `k` largest values; of equals the earlier. */
function top(values: readonly number[], k: number): number[] {
  if (!(Number.isInteger(k) && k > 0 && k <= values.length)) {
    throw expected(`a whole number from 1 to ${values.length}`, 'top-k', k);
  }
  return values
    .map((_, i) => i)
    .sort((i, j) => values[j]! - values[i]!)
    .slice(0, k);
}
