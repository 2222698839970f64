import { checkArguments } from '../core/check.js';
import { expected } from '../core/errors.js';
import { meanOf } from '../core/statistics.js';

/**
 * Kendall's tau-b, which accounts for ties, in O(n log n) (Knight 1966). NaN when either side is all ties or has
 * fewer than two values.
 */
export function kendallTau(x: readonly number[], y: readonly number[]): number {
  checkPairs(x, y);
  const order = x.map((_, i) => i).sort((i, j) => x[i]! - x[j]! || y[i]! - y[j]!);
  const pairs = (x.length * (x.length - 1)) / 2;
  const tiedX = tiedPairs(order, (i, j) => x[i] === x[j]);
  const tiedBoth = tiedPairs(order, (i, j) => x[i] === x[j] && y[i] === y[j]);
  const sorted = order.map((i) => y[i]!);
  const swaps = sortCountingSwaps(sorted);
  const tiedY = tiedPairs(sorted, (a, b) => a === b);
  const difference = pairs - tiedX - tiedY + tiedBoth - 2 * swaps;
  return difference / Math.sqrt((pairs - tiedX) * (pairs - tiedY));
}

/** Spearman's rho: Pearson's correlation of ranks, ties sharing their average rank. NaN when either side is all ties. */
export function spearmanRho(x: readonly number[], y: readonly number[]): number {
  checkPairs(x, y);
  return pearson(averageRanks(x), averageRanks(y));
}

function checkPairs(x: readonly number[], y: readonly number[]): void {
  for (const numbers of [x, y]) checkArguments('a correlation', { numbers });
  if (x.length !== y.length)
    throw expected(`${x.length} values`, 'the second side of a correlation', y.length);
  for (const values of [x, y]) {
    const bad = values.find((value) => Number.isNaN(value));
    if (bad !== undefined) throw expected('numbers', 'a correlation', bad);
  }
}

/** Pairs inside runs of neighbours that `same` calls equal. */
function tiedPairs<T>(items: readonly T[], same: (a: T, b: T) => boolean): number {
  let pairs = 0;
  let run = 0;
  for (let i = 1; i < items.length; i++) {
    run = same(items[i - 1]!, items[i]!) ? run + 1 : 0;
    pairs += run;
  }
  return pairs;
}

/** Merge sort in place; returns how many neighbour swaps a bubble sort would need. */
function sortCountingSwaps(values: number[]): number {
  let swaps = 0;
  let from = values.slice();
  let to = new Array<number>(values.length);
  for (let width = 1; width < values.length; width *= 2) {
    for (let start = 0; start < values.length; start += 2 * width) {
      const middle = Math.min(start + width, values.length);
      const end = Math.min(start + 2 * width, values.length);
      let [left, right] = [start, middle];
      for (let at = start; at < end; at++) {
        if (right >= end || (left < middle && from[left]! <= from[right]!)) to[at] = from[left++]!;
        else {
          swaps += middle - left;
          to[at] = from[right++]!;
        }
      }
    }
    [from, to] = [to, from];
  }
  values.splice(0, values.length, ...from);
  return swaps;
}

function averageRanks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((i, j) => values[i]! - values[j]!);
  const ranks = new Array<number>(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++;
    for (let i = start; i < end; i++) ranks[order[i]!] = (start + end - 1) / 2;
    start = end;
  }
  return ranks;
}

/** Pearson's correlation; NaN where one side is constant. */
export function pearson(x: readonly number[], y: readonly number[]): number {
  const [mx, my] = [meanOf(x), meanOf(y)];
  let [xy, xx, yy] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    const [dx, dy] = [x[i]! - mx, y[i]! - my];
    xy += dx * dy;
    xx += dx * dx;
    yy += dy * dy;
  }
  return xy / Math.sqrt(xx * yy);
}
