import { meanOf, median, quantile, sortedCopy } from '../core/statistics.js';
import type { Times } from './table.js';

/**
 * Half the width of the distribution-free 95 % confidence interval of the median: the order statistics at
 * n / 2 -+ 1.96 sqrt(n) / 2, from the binomial distribution of how many samples lie below it. Infinite below six samples,
 * where no interval reaches 95 %.
 */
export function medianError(sorted: readonly number[]): number {
  const n = sorted.length;
  if (n < 6) return Number.POSITIVE_INFINITY;
  const reach = (1.96 * Math.sqrt(n)) / 2;
  const low = Math.max(0, Math.floor(n / 2 - reach) - 1);
  const high = Math.min(n - 1, Math.ceil(n / 2 + reach));
  return (sorted[high]! - sorted[low]!) / 2;
}

/** Whether there are samples enough and the interval of the median is within `tolerance` of it. */
export function converged(sorted: readonly number[], samples: number, tolerance: number): boolean {
  return sorted.length >= samples && medianError(sorted) <= tolerance * median(sorted);
}

/** Half of the samples took longer than the fast ones by more than this part: other programs had the processor too. */
const DISTURBED = 0.05;
/** Of disturbed samples so many count. */
const FASTEST = { share: 0.1, least: 5 } as const;

/** Whether other programs disturbed the samples of a visit: else median and 10th percentile lie close together. */
export function isDisturbed(samples: readonly number[]): boolean {
  const sorted = sortedCopy(samples);
  return median(sorted) > (1 + DISTURBED) * quantile(sorted, 0.1);
}

/**
 * The fastest tenth of samples, at least five: the calls that nobody disturbed. With 15 programs on two processors tables
 * missed networks by 4.3 % where both were medians, and by 0.7 % where both were 5th percentiles.
 */
export function fastestOf(samples: readonly number[]): number[] {
  const count = Math.max(FASTEST.least, Math.ceil(FASTEST.share * samples.length));
  return sortedCopy(samples).slice(0, count);
}

/** The samples that count: all of them, or the fastest where other programs disturbed them. */
export function undisturbed(samples: readonly number[]): readonly number[] {
  return isDisturbed(samples) ? fastestOf(samples) : samples;
}

/** Samples a percentile needs to be worth telling (MLPerf's early stopping at 99 % confidence). */
const ENOUGH = { p90: 64, p99: 662 } as const;

/** Statistics of samples in nanoseconds, in whole ones. `overhead` is subtracted from every sample. */
export function timesOf(samples: Iterable<number>, overhead = 0): Times {
  const sorted = sortedCopy(samples).map((sample) => Math.max(0, sample - overhead));
  const n = sorted.length;
  const mean = meanOf(sorted);
  const tenth = Math.floor(n / 10);
  const whole = Math.round;
  const error = medianError(sorted);
  return {
    n,
    p50: whole(median(sorted)),
    ...(Number.isFinite(error) && { p50Error: whole(error) }),
    min: whole(sorted[0]!),
    ...(n >= 10 && { p10: whole(quantile(sorted, 0.1)) }),
    ...(n >= ENOUGH.p90 && { p90: whole(quantile(sorted, 0.9)) }),
    ...(n >= ENOUGH.p99 && { p99: whole(quantile(sorted, 0.99)) }),
    mean: whole(mean),
    std: whole(Math.sqrt(meanOf(sorted.map((value) => (value - mean) ** 2)))),
    trimmedMean: whole(meanOf(sorted.slice(tenth, n - tenth))),
  };
}
