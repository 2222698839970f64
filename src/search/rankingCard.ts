import { checkArguments } from '../core/check.js';
import { expected } from '../core/errors.js';
import { rankingReport } from './ranking.js';

/** One way to score architectures, for a table that compares them. Higher scores are better. */
export interface NamedScores {
  name: string;
  values: readonly number[];
  /** A part of another score, about which nothing is said in words. */
  detail?: true;
}

/** What a search under one limit on the cost would lose by trusting a score. */
export interface CapRegret {
  /** Largest cost allowed; null is no limit. */
  limit: number | null;
  /** Architectures that meet it. */
  count: number;
  /** Best true accuracy among them minus that of the best scored one. */
  top1: number;
  /** The same for the best of the `k` best scored: what training all k and keeping the best loses. */
  bestOfK: number;
}

/** How well one score ranks. */
export interface RankingRow {
  name: string;
  kendall: number;
  spearman: number;
  /** Mean tau inside bands of equally many architectures by cost; NaN where the score is the same inside each, null in JSON. */
  bandKendall: number;
  caps: CapRegret[];
}

/** The supernet beside everything that needs no training. */
export interface RankingCard {
  k: number;
  rows: RankingRow[];
  /** Name of the baseline with the highest tau, and whether the first score beats all, overall and inside bands, where those tell anything. */
  bestBaseline: string | null;
  beatsBaselines: boolean;
  /** The same in words. */
  verdict: string;
}

/** How many of the best scored networks would be trained, where it is not said. */
export const TRAINED = 10;

export interface RankingCardOptions {
  /** Limits on `costs` at which regret is reported, beside no limit. */
  limits?: readonly number[];
  /** Networks that would be trained. Default: `TRAINED`. */
  k?: number;
}

/**
 * Ranks by each score and each baseline against `truth`; the first score is the one that has to beat them. Baselines that are the same for all
 * architectures are left out: they rank nothing. Equal scores are ordered by cost, the larger first.
 *
 * @param costs what bands and limits are made of, usually MAdds.
 * @throws SinglePathError `INVALID_ARGUMENT` for a limit that fewer than two architectures meet.
 */
export function rankingCard(
  scores: readonly NamedScores[],
  baselines: readonly NamedScores[],
  truth: readonly number[],
  costs: readonly number[],
  options: RankingCardOptions = {},
): RankingCard {
  for (const named of [scores, baselines]) checkArguments('rankingCard()', { scores: named });
  for (const numbers of [truth, costs]) checkArguments('rankingCard()', { numbers });
  checkArguments('rankingCard()', { options });
  const { limits = [], k = TRAINED } = options;
  checkArguments('k of rankingCard()', { count: k });
  checkArguments('limits of rankingCard()', { numbers: limits });
  const rowOf = ({ name, values }: NamedScores): RankingRow => {
    const { kendall, spearman, bandKendall } = rankingReport(values, truth, costs, { topK: [] });
    const caps = [null, ...limits].map((limit) => capRegret(values, truth, costs, limit, k));
    return { name, kendall, spearman, bandKendall, caps };
  };
  const rows = scores.map(rowOf);
  const others = baselines.filter(({ values }) => new Set(values).size > 1).map(rowOf);
  const best = others.toSorted((a, b) => b.kendall - a.kendall)[0];
  const bestInBands = others.toSorted((a, b) => inBands(b) - inBands(a) || b.kendall - a.kendall)[0];
  const beats = rows.length > 0 && others.every((row) => isBetter(rows[0]!, row));
  return {
    k,
    rows: [...rows, ...others],
    bestBaseline: best?.name ?? null,
    beatsBaselines: beats,
    verdict: [
      verdictOf(rows[0], best, bestInBands, beats),
      ...rows
        .slice(1)
        .filter((_, i) => !scores[i + 1]!.detail)
        .map(
          (row) => `The ${row.name} ${others.every((other) => isBetter(row, other)) ? 'does' : 'does NOT'}.`,
        ),
    ].join(' '),
  };
}

function isBetter(a: RankingRow, b: RankingRow): boolean {
  if (Number.isNaN(a.bandKendall) && Number.isNaN(b.bandKendall)) return a.kendall > b.kendall; // such as few networks
  return a.kendall > b.kendall && inBands(a) > inBands(b);
}

/** A score that is the same inside every band ranks nothing there: every tau is better. */
function inBands({ bandKendall }: RankingRow): number {
  return Number.isNaN(bandKendall) ? Number.NEGATIVE_INFINITY : bandKendall;
}

function verdictOf(
  own: RankingRow | undefined,
  best: RankingRow | undefined,
  bestInBands: RankingRow | undefined,
  beats: boolean,
): string {
  if (best === undefined || bestInBands === undefined)
    return 'There is no baseline to compare with: all of them are the same for every network.';
  const figures = (row: RankingRow) =>
    `${row.name} (tau ${row.kendall.toFixed(3)}, inside bands ${Number.isNaN(row.bandKendall) ? 'none' : row.bandKendall.toFixed(3)})`;
  const rivals = best === bestInBands ? figures(best) : `${figures(best)} and ${figures(bestInBands)}`;
  if (own === undefined) return `Without any training the best ranking is that of ${rivals}.`;
  return beats
    ? `The ${own.name} ranks better than every baseline; the best of them: ${rivals}.`
    : `The ${own.name} does NOT rank better than ${rivals}, which needs no training of a supernet.`;
}

function capRegret(
  scores: readonly number[],
  truth: readonly number[],
  costs: readonly number[],
  limit: number | null,
  k: number,
): CapRegret {
  const legal = scores.map((_, i) => i).filter((i) => limit === null || costs[i]! <= limit);
  if (legal.length < 2)
    throw expected('a limit that at least two architectures meet', 'the ranking card', limit);
  const chosen = legal.toSorted((a, b) => scores[b]! - scores[a]! || costs[b]! - costs[a]!).slice(0, k);
  const best = legal.reduce((most, i) => Math.max(most, truth[i]!), Number.NEGATIVE_INFINITY);
  return {
    limit,
    count: legal.length,
    top1: best - truth[chosen[0]!]!,
    bestOfK: best - Math.max(...chosen.map((i) => truth[i]!)),
  };
}
