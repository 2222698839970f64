/**
 * Ascending numbers with a search that takes constant time on average: equal intervals point at the numbers that
 * fall into them, and only those are searched. Counting a space looks tens of millions of budgets up.
 */
export class SortedIndex {
  readonly #low: number;
  readonly #scale: number;
  /** Interval b holds the numbers from index first[b] up to first[b + 1]. */
  readonly #first: Int32Array;

  constructor(readonly values: Float64Array) {
    const intervals = values.length;
    this.#low = values[0]!;
    const range = values[values.length - 1]! - this.#low;
    this.#scale = range > 0 ? (intervals - 1) / range : 0;
    this.#first = new Int32Array(intervals + 1);
    for (const value of values) this.#first[this.#interval(value) + 1]!++;
    for (let b = 0; b < intervals; b++) this.#first[b + 1]! += this.#first[b]!;
  }

  get length(): number {
    return this.values.length;
  }

  /** Index of the largest number not above `value`, or 0. */
  below(value: number): number {
    const interval = this.#interval(value);
    let low = Math.max(0, this.#first[interval]! - 1);
    let high = this.#first[interval + 1]!;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (this.values[middle]! <= value) low = middle;
      else high = middle;
    }
    return low;
  }

  /** Index of the smallest number not below `value`, or the last. */
  above(value: number): number {
    const below = this.below(value);
    return this.values[below]! >= value ? below : Math.min(below + 1, this.values.length - 1);
  }

  #interval(value: number): number {
    return Math.max(0, Math.min(this.values.length - 1, Math.floor((value - this.#low) * this.#scale)));
  }
}
