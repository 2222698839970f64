import type { OptionClass, Problem } from './links.js';

/** Where the paths that just meet a bound pass: mean and standard deviation of their remaining budgets. */
export interface Focus {
  center: number;
  spread: number;
}

interface Moments {
  mean: number;
  variance: number;
}

/**
 * Keeps the lowest level and the largest in each of `count` intervals. They are narrow where many of the paths near
 * the limit pass: with density f of those paths, a spacing as f^-1/2 loses least, and f is about normal. Measured on
 * the MobileNet spaces one bound loses two to five times less than with equal intervals.
 */
export function thinned(values: Float64Array, { center, spread }: Focus, count: number): Float64Array {
  const range = values[values.length - 1]! - values[0]!;
  // A quarter of the intervals is equal, for costs that are far from normal.
  const place = (value: number) =>
    0.75 / (1 + Math.exp((-1.2 * (value - center)) / spread)) + (0.25 * (value - values[0]!)) / range;
  const low = place(values[0]!);
  const width = (place(values[values.length - 1]!) - low) / count;
  const interval = (value: number) => Math.ceil((place(value) - low) / width);
  const kept = [values[0]!];
  for (let i = 1; i < values.length; i++) {
    const next = values[i + 1];
    if (next === undefined || interval(next) > interval(values[i]!)) kept.push(values[i]!);
  }
  return Float64Array.from(kept);
}

/**
 * Remaining budgets of the paths whose total is the budget: with sums before and after a link about normal, this is
 * a normal bridge between them.
 */
export function focusOf({ links, budgets }: Problem): Focus[][] {
  const moments = links.map(({ classes }) => Array.from(budgets, (_, k) => momentsOf(classes, k)));
  return Array.from({ length: links.length + 1 }, (_, i) =>
    Array.from(budgets, (budget, k) => {
      const before = totalOf(moments.slice(0, i).map((link) => link[k]!));
      const after = totalOf(moments.slice(i).map((link) => link[k]!));
      const share = after.variance / (before.variance + after.variance || 1);
      const center = after.mean + (budget - before.mean - after.mean) * share;
      return { center, spread: Math.sqrt(before.variance * share) || 1 };
    }),
  );
}

function totalOf(moments: readonly Moments[]): Moments {
  return moments.reduce((a, b) => ({ mean: a.mean + b.mean, variance: a.variance + b.variance }), {
    mean: 0,
    variance: 0,
  });
}

/** Mean and variance of a link's cost over its options. */
function momentsOf(classes: readonly OptionClass[], bound: number): Moments {
  let [count, sum, squares] = [0, 0, 0];
  for (const { costs, options } of classes) {
    count += options.length;
    sum += options.length * costs[bound]!;
    squares += options.length * costs[bound]! ** 2;
  }
  const mean = sum / count;
  return { mean, variance: Math.max(0, squares / count - mean ** 2) };
}
