/** A point of a curve. */
export interface Point {
  step: number;
  /** Milliseconds since 1970. */
  time: number;
  value: number;
}

/** The largest number of 4 bytes: beyond it they hold infinity, which JSON has not, so a spike would be a gap. */
const LARGEST = 3.4028234663852886e38;

/**
 * Values of several metrics at ascending steps, in typed arrays: 12 bytes a row and 4 bytes a value, so that a training
 * of a million events is some ten megabytes.
 */
export class Series {
  #length = 0;
  #steps = new Uint32Array(64);
  #times = new Float64Array(64);
  readonly #columns = new Map<string, Float32Array>();

  get length(): number {
    return this.#length;
  }

  get metrics(): string[] {
    return [...this.#columns.keys()];
  }

  /** Adds a row; rows at this step and beyond are replaced. */
  append(step: number, time: number, values: Readonly<Record<string, number>>): void {
    this.truncate(step - 1);
    if (this.#length === this.#steps.length) this.#grow();
    const row = this.#length++;
    this.#steps[row] = step;
    this.#times[row] = time;
    for (const column of this.#columns.values()) column[row] = Number.NaN;
    for (const [metric, value] of Object.entries(values)) {
      let column = this.#columns.get(metric);
      if (column === undefined) {
        column = new Float32Array(this.#steps.length).fill(Number.NaN);
        this.#columns.set(metric, column);
      }
      column[row] = Math.max(-LARGEST, Math.min(LARGEST, value));
    }
  }

  /** Takes back the rows after a step. */
  truncate(step: number): void {
    while (this.#length > 0 && this.#steps[this.#length - 1]! > step) this.#length--;
  }

  /** The last value of a metric. */
  last(metric: string): Point | undefined {
    const column = this.#columns.get(metric);
    for (let row = this.#length - 1; column && row >= 0; row--)
      if (!Number.isNaN(column[row])) return this.#point(column, row);
    return undefined;
  }

  /** The smallest or greatest value of a metric; the first of equal ones. */
  best(metric: string, which: 'least' | 'greatest'): Point | undefined {
    const column = this.#columns.get(metric);
    let found = -1;
    for (let row = 0; column && row < this.#length; row++) {
      const value = column[row]!;
      if (Number.isNaN(value)) continue;
      if (found < 0 || (which === 'least' ? value < column[found]! : value > column[found]!)) found = row;
    }
    return found < 0 ? undefined : this.#point(column!, found);
  }

  /** Rows with steps from `from` to `to`. */
  count(from: number, to: number): number {
    return this.#rowAt(Math.floor(to) + 1) - this.#rowAt(from);
  }

  /**
   * The points of a metric with steps from `from` to `to`; where there are more than `most`, of each of `most / 2` equal parts
   * of the steps the smallest and the largest value, so that no spike is lost.
   */
  points(
    metric: string,
    {
      from = 0,
      to = Number.POSITIVE_INFINITY,
      most = 2000,
    }: { from?: number; to?: number; most?: number } = {},
  ): Point[] {
    const column = this.#columns.get(metric);
    if (column === undefined) return [];
    const first = this.#rowAt(from);
    const end = this.#rowAt(Math.floor(to) + 1);
    const found: Point[] = [];
    if (end - first <= most) {
      for (let row = first; row < end; row++)
        if (!Number.isNaN(column[row])) found.push(this.#point(column, row));
      return found;
    }
    const [low, high] = [this.#steps[first]!, this.#steps[end - 1]!];
    const buckets = Math.max(1, Math.floor(most / 2));
    for (let bucket = 0, row = first; bucket < buckets; bucket++) {
      const limit = low + ((high - low + 1) * (bucket + 1)) / buckets;
      let [least, greatest] = [-1, -1];
      for (; row < end && this.#steps[row]! < limit; row++) {
        const value = column[row]!;
        if (Number.isNaN(value)) continue;
        if (least < 0 || value < column[least]!) least = row;
        if (greatest < 0 || value > column[greatest]!) greatest = row;
      }
      const rows = least === greatest ? [least] : [least, greatest].sort((a, b) => a - b);
      for (const chosen of rows) if (chosen >= 0) found.push(this.#point(column, chosen));
    }
    return found;
  }

  /** Number of the first row at or after a step. */
  #rowAt(step: number): number {
    let [low, high] = [0, this.#length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#steps[middle]! < step) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #point(column: Float32Array, row: number): Point {
    return { step: this.#steps[row]!, time: this.#times[row]!, value: column[row]! };
  }

  #grow(): void {
    const size = 2 * this.#steps.length;
    const steps = new Uint32Array(size);
    steps.set(this.#steps);
    this.#steps = steps;
    const times = new Float64Array(size);
    times.set(this.#times);
    this.#times = times;
    for (const [metric, column] of this.#columns) {
      const larger = new Float32Array(size).fill(Number.NaN);
      larger.set(column);
      this.#columns.set(metric, larger);
    }
  }
}
