import type { Problem } from './links.js';
import { SortedIndex } from './sortedIndex.js';
import { type Focus, focusOf, thinned } from './thinning.js';

/**
 * The remaining budgets worth telling apart before each link; the smaller of two exact lists:
 *
 * - the sums that the layers still to come can reach. Two budgets with no such sum between them admit the same
 *   completions, so a budget is snapped down to the largest sum: everything that can no longer fail is one level.
 * - the budgets that the layers so far can leave.
 *
 * Early layers have few of the second, late layers few of the first. What must fail lies below `smallest` and is
 * dropped. Where both lists are longer than allowed the first is thinned, which only lowers budgets: every path
 * still counted is feasible.
 */
export interface Levels {
  /** values[link][bound], ascending. */
  values: SortedIndex[][];
  /** Levels are all reachable sums: snapping any budget down loses nothing. */
  complete: boolean[][];
  /** Some level was left out. */
  thinned: boolean[][];
  /** What the remaining layers cost at least, per link and bound. */
  smallest: Float64Array[];
  /** Largest budget that can remain, per link and bound. */
  highest: Float64Array[];
  /** Per link and bound. */
  focus: Focus[][];
}

export function levelsOf(problem: Problem, maxLevels: number): Levels {
  const { links, budgets } = problem;
  const costs = links.map(({ classes }) =>
    Array.from(budgets, (_, k) => [...new Set(classes.map((c) => c.costs[k]!))]),
  );
  const cheapest = costs.map((link) => link.map((values) => Math.min(...values)));
  const dearest = costs.map((link) => link.map((values) => Math.max(...values)));
  const smallest = suffixSums(cheapest, budgets.length);
  const largest = suffixSums(dearest, budgets.length);
  // What can remain before a link: the budget minus what the links before it cost at most and at least.
  const lowest = remaining(budgets, dearest);
  const highest = remaining(budgets, cheapest);

  const rows = () => Array.from({ length: links.length + 1 }, () => new Array(budgets.length));
  const focus = focusOf(problem);
  const levels: Levels = { values: rows(), complete: rows(), thinned: rows(), smallest, highest, focus };
  budgets.forEach((budget, k) => {
    const left = budgetsLeft(
      budget,
      costs.map((link) => link[k]!),
      smallest.map((s) => s[k]!),
      largest.map((s) => s[k]!),
      maxLevels,
    );
    for (let i = links.length; i >= 0; i--) {
      const bottom = Math.max(smallest[i]![k]!, lowest[i]![k]!);
      const next = i === links.length ? undefined : levels.values[i + 1]![k]!.values;
      const complete = next === undefined || levels.complete[i + 1]![k]!;
      const before = left[i];
      const sums =
        complete || before === undefined
          ? reachable(bottom, highest[i]![k]!, next, costs[i]?.[k])
          : undefined;
      const useBefore = before !== undefined && (sums === undefined || before.length < sums.length);
      levels.values[i]![k] = new SortedIndex(useBefore ? before : sums!);
      levels.complete[i]![k] = complete && !useBefore;
      levels.thinned[i]![k] = false;
      if (levels.values[i]![k]!.length > maxLevels) thin(levels, i, k, maxLevels);
      else if (!levels.complete[i]![k]) close(levels, i, k);
    }
  });
  return levels;
}

/** Leaves about `count` levels. */
export function thin(levels: Levels, link: number, bound: number, count: number): void {
  const { values } = levels.values[link]![bound]!;
  levels.values[link]![bound] = new SortedIndex(thinned(values, levels.focus[link]![bound]!, count));
  levels.complete[link]![bound] = false;
  levels.thinned[link]![bound] = true;
  close(levels, link, bound);
}

/** Levels that are not complete end with the largest budget possible, so that snapping up always has somewhere to go. */
function close(levels: Levels, link: number, bound: number): void {
  const { values } = levels.values[link]![bound]!;
  const top = levels.highest[link]![bound]!;
  if (values[values.length - 1]! >= top) return;
  const closed = new Float64Array(values.length + 1);
  closed.set(values);
  closed[values.length] = top;
  levels.values[link]![bound] = new SortedIndex(closed);
}

/** The sums that a link's costs and the levels after it make, from `bottom` (which stands for all below) to `top`. */
function reachable(
  bottom: number,
  top: number,
  next: Float64Array | undefined,
  costs: number[] = [],
): Float64Array {
  const sums = [bottom];
  for (const cost of costs) {
    for (const level of next!) {
      const sum = cost + level;
      if (sum > bottom && sum <= top) sums.push(sum);
    }
  }
  return distinct(Float64Array.from(sums));
}

/**
 * Budgets that can remain before each link, for as many links as have few enough of them. Budgets that cannot last
 * are left out; those that cannot run out any more are one.
 */
function budgetsLeft(
  budget: number,
  costs: number[][],
  smallest: number[],
  largest: number[],
  most: number,
): Float64Array[] {
  const result: Float64Array[] = [];
  let left: Float64Array = Float64Array.of(budget);
  for (let i = 0; ; i++) {
    const alive = left.filter((value) => value >= smallest[i]!).map((value) => Math.min(value, largest[i]!));
    left = distinct(alive);
    if (left.length === 0 || left.length > most) return result;
    result.push(left);
    if (i === costs.length) return result;
    left = Float64Array.from(costs[i]!.flatMap((cost) => Array.from(left, (value) => value - cost)));
  }
}

function distinct(values: Float64Array): Float64Array {
  values.sort();
  let length = 0;
  for (const value of values) if (length === 0 || value !== values[length - 1]) values[length++] = value;
  return values.slice(0, length);
}

function suffixSums(costs: number[][], bounds: number): Float64Array[] {
  const result = [new Float64Array(bounds)];
  for (const link of costs.toReversed()) result.unshift(result[0]!.map((sum, k) => sum + link[k]!));
  return result;
}

function remaining(budgets: Float64Array, costs: number[][]): Float64Array[] {
  const result = [budgets];
  for (const link of costs) result.push(result[result.length - 1]!.map((budget, k) => budget - link[k]!));
  return result;
}
