import { SortedIndex } from './sortedIndex.js';
import type { Problem } from './steps.js';

/**
 * The remaining budgets worth telling apart before each step.
 *
 * Only the sums that the remaining layers can reach matter: two budgets with no such sum between them admit the
 * same completions. So a budget is snapped down to the largest reachable sum, which merges everything that can no
 * longer fail into one top level; what must fail lies below `smallest` and is dropped. When a layer has more
 * levels than allowed they are thinned, which only lowers budgets: every path still counted is feasible.
 */
export interface Levels {
  /** values[step][bound], ascending. */
  values: SortedIndex[][];
  /** No level was left out: snapping loses nothing. */
  complete: boolean[][];
  /** What the remaining layers cost at least, per step and bound. */
  smallest: Float64Array[];
  /** Largest budget that can remain, per step and bound. */
  highest: Float64Array[];
}

export function levelsOf({ steps, budgets }: Problem, maxLevels: number): Levels {
  const count = steps.length;
  const bounds = budgets.length;
  const extremes = steps.map(({ classes }) =>
    Array.from(budgets, (_, k) =>
      classes.reduce(
        ([low, high], { costs }) => [Math.min(low, costs[k]!), Math.max(high, costs[k]!)] as [number, number],
        [Infinity, -Infinity] as [number, number],
      ),
    ),
  );
  const smallest = sums(count, bounds, (i, k) => extremes[i]![k]![0]);
  // What can remain before a step: the budget minus what the steps before it cost at most and at least.
  const lowest = remaining(budgets, extremes, 1);
  const highest = remaining(budgets, extremes, 0);

  const levels: Levels = { values: new Array(count + 1), complete: new Array(count + 1), smallest, highest };
  for (let i = count; i >= 0; i--) {
    levels.values[i] = new Array(bounds);
    levels.complete[i] = new Array(bounds);
    for (let k = 0; k < bounds; k++) {
      const bottom = Math.max(smallest[i]![k]!, lowest[i]![k]!);
      const top = highest[i]![k]!;
      const reachable = [bottom];
      if (i < count) {
        const next = levels.values[i + 1]![k]!.values;
        for (const cost of new Set(steps[i]!.classes.map(({ costs }) => costs[k]!))) {
          for (const level of next) {
            const sum = cost + level;
            if (sum > bottom && sum <= top) reachable.push(sum);
          }
        }
      }
      levels.values[i]![k] = new SortedIndex(distinct(Float64Array.from(reachable)));
      levels.complete[i]![k] = i === count || levels.complete[i + 1]![k]!;
      if (levels.values[i]![k]!.length > maxLevels) thin(levels, i, k, maxLevels);
      else if (!levels.complete[i]![k]) close(levels, i, k);
    }
  }
  return levels;
}

/** Keeps the lowest level and the largest in each of `count` equal intervals. */
export function thin(levels: Levels, step: number, bound: number, count: number): void {
  const { values } = levels.values[step]![bound]!;
  const low = values[0]!;
  const width = (values[values.length - 1]! - low) / count;
  const kept = [low];
  for (let i = 1; i < values.length; i++) {
    const next = values[i + 1];
    const interval = Math.ceil((values[i]! - low) / width);
    if (next === undefined || Math.ceil((next - low) / width) > interval) kept.push(values[i]!);
  }
  levels.values[step]![bound] = new SortedIndex(Float64Array.from(kept));
  levels.complete[step]![bound] = false;
  close(levels, step, bound);
}

/** Thinned levels end with the largest budget possible, so that snapping up always has somewhere to go. */
function close(levels: Levels, step: number, bound: number): void {
  const { values } = levels.values[step]![bound]!;
  const top = levels.highest[step]![bound]!;
  if (values[values.length - 1]! >= top) return;
  const closed = new Float64Array(values.length + 1);
  closed.set(values);
  closed[values.length] = top;
  levels.values[step]![bound] = new SortedIndex(closed);
}

function distinct(values: Float64Array): Float64Array {
  values.sort();
  let length = 0;
  for (const value of values) if (length === 0 || value !== values[length - 1]) values[length++] = value;
  return values.slice(0, length);
}

/** Suffix sums of `cost(step, bound)`. */
function sums(count: number, bounds: number, cost: (step: number, bound: number) => number): Float64Array[] {
  const result: Float64Array[] = new Array(count + 1);
  result[count] = new Float64Array(bounds);
  for (let i = count - 1; i >= 0; i--) result[i] = result[i + 1]!.map((sum, k) => sum + cost(i, k));
  return result;
}

function remaining(budgets: Float64Array, extremes: [number, number][][], which: 0 | 1): Float64Array[] {
  const result = [budgets];
  for (const step of extremes)
    result.push(result[result.length - 1]!.map((budget, k) => budget - step[k]![which]));
  return result;
}
