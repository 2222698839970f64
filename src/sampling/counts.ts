import { optionOf, valuesOf } from '../cost/table.js';
import type { Architecture } from '../space/types.js';
import { type Levels, thin } from './levels.js';
import type { Problem } from './links.js';
import { NumberTable } from './numberTable.js';

/**
 * How many ways each state (link, remaining budgets) can be completed, counted exactly with big integers; a state
 * is kept as one number made of its level indices. `down` counts only feasible paths (all of them where the levels
 * are complete), `up` counts at least all feasible ones.
 */
export class Counts {
  readonly total: bigint;
  readonly #states: NumberTable[] = [];
  readonly #counts: bigint[][] = [];
  /** Budgets of the state that was opened, and what is left of them after one class of options. */
  readonly #budgets: Float64Array;
  readonly #left: Float64Array;

  /** Thins `levels` in place where a link would have more than `maxStates` states. */
  constructor(
    readonly problem: Problem,
    readonly levels: Levels,
    readonly snapping: 'down' | 'up',
    maxStates: number,
  ) {
    const { links, budgets } = problem;
    this.#budgets = new Float64Array(budgets.length);
    this.#left = new Float64Array(budgets.length);
    const root = this.#snap(0, budgets);
    const first = new NumberTable();
    if (root >= 0) first.add(root);
    this.#states.push(first);
    const reached = links.map((_, i) => this.#reach(i, maxStates));
    this.#counts[links.length] = this.#states[links.length]!.items.map(() => 1n);
    for (let i = links.length - 1; i >= 0; i--) this.#counts[i] = this.#sums(i, reached[i]!);
    this.total = root < 0 ? 0n : this.#counts[0]![0]!;
  }

  /** The counted architecture number `rank` in [0, total). */
  at(rank: bigint): Architecture {
    const { links } = this.problem;
    const architecture: number[] = [];
    let state = this.#states[0]!.items[0]!;
    for (let i = 0; i < links.length; i++) {
      const { genes, sizes, classes } = links[i]!;
      this.#open(i, state);
      for (const { costs, options } of classes) {
        const next = this.#child(i, costs);
        const count = this.#count(i + 1, next);
        const all = count * BigInt(options.length);
        if (rank >= all) {
          rank -= all;
          continue;
        }
        valuesOf(options[Number(rank / count)]!, sizes).forEach((value, g) => {
          architecture[genes[g]!] = value;
        });
        rank %= count;
        state = next;
        break;
      }
    }
    return architecture;
  }

  /** Inverse of {@link at}; undefined for an architecture that is not counted. */
  rank(architecture: Architecture): bigint | undefined {
    const { links } = this.problem;
    if (this.total === 0n) return undefined;
    let rank = 0n;
    let state = this.#states[0]!.items[0]!;
    for (let i = 0; i < links.length; i++) {
      const { genes, sizes, classes, classOf } = links[i]!;
      this.#open(i, state);
      const option = optionOf(architecture, genes, sizes);
      const chosen = classOf[option]!;
      for (let c = 0; c < chosen; c++) {
        const { costs, options } = classes[c]!;
        rank += this.#count(i + 1, this.#child(i, costs)) * BigInt(options.length);
      }
      const { costs, options } = classes[chosen]!;
      state = this.#child(i, costs);
      const count = this.#count(i + 1, state);
      if (count === 0n) return undefined;
      rank += count * BigInt(options.indexOf(option));
    }
    return rank;
  }

  /**
   * Numbers the states that link `i` leads to.
   *
   * @returns for each state before the link, and each class of its options, the number of the state that follows, or -1.
   */
  #reach(i: number, maxStates: number): Int32Array {
    const { items } = this.#states[i]!;
    const { classes } = this.problem.links[i]!;
    const reached = new Int32Array(items.length * classes.length);
    for (;;) {
      const next = new NumberTable();
      let at = 0;
      for (let s = 0; s < items.length && next.size <= maxStates; s++) {
        this.#open(i, items[s]!);
        for (const { costs } of classes) {
          const child = this.#child(i, costs);
          reached[at++] = child < 0 ? -1 : next.add(child);
        }
      }
      if (next.size <= maxStates) {
        this.#states.push(next);
        return reached;
      }
      const values = this.levels.values[i + 1]!;
      const longest = values.reduce(
        (best, levels, k) => (levels.length > values[best]!.length ? k : best),
        0,
      );
      thin(this.levels, i + 1, longest, Math.floor(values[longest]!.length / 2));
    }
  }

  /** The counts of the states before link `i`, from those behind it. */
  #sums(i: number, reached: Int32Array): bigint[] {
    const behind = this.#counts[i + 1]!;
    const many = this.problem.links[i]!.classes.map(({ options }) =>
      options.length === 1 ? undefined : BigInt(options.length),
    );
    let at = 0;
    return this.#states[i]!.items.map(() => {
      let total = 0n;
      for (const options of many) {
        const child = reached[at++]!;
        if (child < 0) continue;
        const count = behind[child]!;
        total += options === undefined ? count : count * options;
      }
      return total;
    });
  }

  #count(i: number, state: number): bigint {
    return state < 0 ? 0n : this.#counts[i]![this.#states[i]!.position(state)]!;
  }

  /** Unpacks the budgets of a state for {@link #child}. */
  #open(i: number, state: number): void {
    const values = this.levels.values[i]!;
    for (let k = values.length - 1; k >= 0; k--) {
      const { length } = values[k]!;
      const rest = Math.floor(state / length);
      this.#budgets[k] = values[k]!.values[state - rest * length]!;
      state = rest;
    }
  }

  /** State that spending `costs` at link `i` leads to from the opened one; -1 when a budget cannot last to the end. */
  #child(i: number, costs: Float64Array): number {
    for (let k = 0; k < costs.length; k++) this.#left[k] = this.#budgets[k]! - costs[k]!;
    return this.#snap(i + 1, this.#left);
  }

  #snap(i: number, budgets: Float64Array): number {
    const { values, complete, smallest } = this.levels;
    let state = 0;
    for (let k = 0; k < budgets.length; k++) {
      const budget = budgets[k]!;
      if (budget < smallest[i]![k]!) return -1;
      const levels = values[i]![k]!;
      const down = this.snapping === 'down' || complete[i]![k];
      const index = down ? levels.below(budget) : levels.above(budget);
      state = state * levels.length + index;
    }
    return state;
  }
}
