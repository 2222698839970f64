import { checkArguments } from '../core/check.js';
import { expected } from '../core/errors.js';
import { type CostTable, valuesOf } from './table.js';

/** A cost over all architectures of a space, each equally likely. */
export interface CostStatistics {
  metric: string;
  min: number;
  max: number;
  /** Exact up to floating-point rounding, like `sd`: genes are independent, so both add up over layers. */
  mean: number;
  /** Standard deviation of the whole population. */
  sd: number;
  /** Architectures that have `min` and `max`; genes the cost does not depend on are 0. */
  argmin: number[];
  argmax: number[];
  /** Quantiles and fractions belong to costs at most this far from the stated ones; 0 is exact. */
  resolution: number;
  /** Smallest cost that a share of at least `p` of the space does not exceed. */
  quantile(p: number): number;
  /** Share of the space that costs at most `limit`. */
  fractionAtMost(limit: number): number;
}

export interface StatisticsOptions {
  /** Distinct sums kept; more are merged into this many equal intervals. Default 2^18. */
  maxBins?: number;
}

/** Number of architectures. */
export function spaceSize(space: { genes: readonly { size: number }[] }): bigint {
  checkArguments('spaceSize()', { geneSpace: space });
  return space.genes.reduce((product, gene) => product * BigInt(gene.size), 1n);
}

/** Statistics of one cost over the whole space, by dynamic programming over its layers. */
export function costStatistics(
  space: { genes: readonly unknown[] },
  table: CostTable,
  options: StatisticsOptions = {},
): CostStatistics {
  checkArguments('costStatistics()', { geneSpace: space, costTable: table, options });
  const { maxBins = 2 ** 18 } = options;
  if (!(maxBins >= 2)) throw expected('at least 2', 'maxBins', maxBins);
  const argmin = space.genes.map(() => 0);
  const argmax = space.genes.map(() => 0);
  let [min, max, mean, variance] = [table.base, table.base, table.base, 0];
  for (const { genes, sizes, costs } of table.layers) {
    const low = costs.indexOf(Math.min(...costs));
    const high = costs.indexOf(Math.max(...costs));
    const average = costs.reduce((sum, cost) => sum + cost, 0) / costs.length;
    min += costs[low]!;
    max += costs[high]!;
    mean += average;
    variance += costs.reduce((sum, cost) => sum + (cost - average) ** 2, 0) / costs.length;
    place(argmin, genes, sizes, low);
    place(argmax, genes, sizes, high);
  }
  const { unit, resolution } = gridOf(table, max - min, maxBins);
  const cumulative = distribution(table, unit);
  return {
    metric: table.metric,
    min,
    max,
    mean,
    sd: Math.sqrt(variance),
    argmin,
    argmax,
    resolution,
    quantile(p) {
      if (!(p >= 0 && p <= 1)) throw expected('a share from 0 to 1', `a quantile of ${table.metric}`, p);
      // The sums carry rounding errors of about 1e-16 a layer.
      return Math.min(max, min + firstAtLeast(cumulative, Math.max(p - 1e-12, Number.MIN_VALUE)) * unit);
    },
    fractionAtMost(limit) {
      if (limit < min) return 0;
      if (limit >= max) return 1;
      const bin = Math.floor((limit - min) / unit + (resolution === 0 ? 0 : 0.5));
      return Math.min(1, cumulative[Math.min(bin, cumulative.length - 1)]!);
    },
  };
}

/** Width of the bins: the greatest common divisor of all differences when that gives few enough, else the range in equal parts. */
function gridOf(table: CostTable, range: number, maxBins: number): { unit: number; resolution: number } {
  if (range === 0) return { unit: 1, resolution: 0 };
  let divisor = 0;
  for (const { costs } of table.layers) for (const cost of costs) divisor = gcd(divisor, cost - costs[0]!);
  if (Number.isInteger(divisor) && divisor > 0 && range / divisor < maxBins)
    return { unit: divisor, resolution: 0 };
  const unit = range / (maxBins - 1);
  // Each layer's cost is rounded to the nearest bin.
  return { unit, resolution: ((table.layers.length + 1) * unit) / 2 };
}

/** Share of architectures in bin i or below; bin i holds the costs min + i * unit. */
function distribution(table: CostTable, unit: number): Float64Array {
  let shares = Float64Array.of(1);
  for (const { costs } of table.layers) {
    const low = Math.min(...costs);
    const shifts = new Map<number, number>();
    for (const cost of costs) {
      const shift = Math.round((cost - low) / unit);
      shifts.set(shift, (shifts.get(shift) ?? 0) + 1 / costs.length);
    }
    const next = new Float64Array(shares.length + Math.max(...shifts.keys()));
    for (const [shift, share] of shifts)
      for (let i = 0; i < shares.length; i++) next[i + shift]! += shares[i]! * share;
    shares = next;
  }
  for (let i = 1; i < shares.length; i++) shares[i]! += shares[i - 1]!;
  return shares;
}

function place(
  architecture: number[],
  genes: readonly number[],
  sizes: readonly number[],
  option: number,
): void {
  valuesOf(option, sizes).forEach((value, g) => {
    architecture[genes[g]!] = value;
  });
}

/** Index of the first value of an ascending array that is at least `target`. */
function firstAtLeast(values: Float64Array, target: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle]! < target) low = middle + 1;
    else high = middle;
  }
  return low;
}

function gcd(a: number, b: number): number {
  [a, b] = [Math.abs(a), Math.abs(b)];
  if (!Number.isInteger(a) || !Number.isInteger(b)) return Number.NaN;
  while (b > 0) [a, b] = [b, a % b];
  return a;
}
