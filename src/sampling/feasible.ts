import { checkArguments } from '../core/check.js';
import { expected, SinglePathError } from '../core/errors.js';
import type { RandomStream } from '../core/rng.js';
import type { Constraint } from '../cost/constraint.js';
import { spaceSize } from '../cost/statistics.js';
import { type CostTable, optionOf } from '../cost/table.js';
import type { Architecture } from '../space/types.js';
import { Counts } from './counts.js';
import { infeasible } from './infeasible.js';
import { levelsOf } from './levels.js';
import { type CostBound, type Problem, problemOf, sidesOf } from './links.js';
import type { GeneSpace } from './sampler.js';

export interface FeasibleOptions {
  /** Budgets told apart per link and bound. More than this many distinct sums are thinned. Default 16,384. */
  maxLevels?: number;
  /** States per link, all bounds together. Default 65,536. */
  maxStates?: number;
}

/** States tried before giving up on finding a path that the proof says exists. */
const MOST_STATES = 2 ** 21;

/**
 * The architectures that meet every bound, counted by dynamic programming over the layers and therefore drawn
 * uniformly without a rejection loop (arXiv 1904.00420, section 3.2, made exact).
 *
 * - {@link exact}: every feasible architecture is drawn with the same probability. This is the case while the
 *   distinct sums of the first or of the last layers fit `maxLevels` and `maxStates` (all block spaces here).
 * - Otherwise budgets are rounded down: everything drawn is feasible and equally likely, but the share
 *   {@link excludedFraction} (an upper bound) of the feasible ones, all close to a limit, is never drawn.
 */
export class FeasibleSet {
  /** Architectures that can be drawn. */
  readonly count: bigint;
  /** All architectures of the space. */
  readonly size: bigint;
  readonly exact: boolean;
  readonly #problem: Problem;
  readonly #counts: Counts;
  #excluded: number | undefined;

  /**
   * @throws SinglePathError `INFEASIBLE_CONSTRAINT` with the smallest possible cost and the architecture that has
   *   it; for bounds that only together cannot be met, the smallest value of each given the others.
   */
  constructor(
    readonly space: GeneSpace,
    readonly bounds: readonly CostBound[] = [],
    options: FeasibleOptions = {},
  ) {
    checkArguments('FeasibleSet', { geneSpace: space, bounds, options });
    const { maxLevels = 2 ** 14, maxStates = 2 ** 16 } = options;
    const sides = sidesOf(bounds);
    if (sides.length > 6)
      throw expected('at most 6 one-sided bounds', `the constraints on '${space.name}'`, sides.length);
    // Levels are halved down to four a bound, not further.
    const fewest = 4 ** sides.length;
    if (!Number.isInteger(maxStates) || maxStates < fewest)
      throw expected(`a whole number of at least ${fewest}`, 'maxStates', maxStates);
    if (!Number.isInteger(maxLevels) || maxLevels < 4)
      throw expected('a whole number of at least 4', 'maxLevels', maxLevels);
    this.#problem = problemOf(space, sides);
    this.size = spaceSize(space);
    // State numbers, products of level counts, have to stay below 2^53.
    const cap = Math.min(maxLevels, Math.floor(2 ** (52 / Math.max(1, sides.length))));
    this.#counts = count(this.#problem, cap, maxStates, () => infeasible(space, this.#problem, sides));
    this.exact = !this.#counts.levels.thinned.some((link) => link.some(Boolean));
    this.count = this.#counts.total;
  }

  /** At most this share of the feasible architectures is never drawn; 0 when exact. Counts once more when first asked. */
  get excludedFraction(): number {
    if (this.exact) return 0;
    if (this.#excluded === undefined) {
      const { problem, levels } = this.#counts;
      this.#excluded =
        1 - ratio(this.count, new Counts(problem, levels, 'up', Number.POSITIVE_INFINITY).total);
    }
    return this.#excluded;
  }

  /** Whether an architecture meets every bound: checked on the exact costs, not on rounded ones. */
  satisfies(architecture: Architecture): boolean {
    const left = Float64Array.from(this.#problem.budgets);
    for (const { genes, sizes, classes, classOf } of this.#problem.links) {
      const { costs } = classes[classOf[optionOf(architecture, genes, sizes)]!]!;
      for (let k = 0; k < left.length; k++) left[k]! -= costs[k]!;
    }
    return left.every((budget) => budget >= 0);
  }

  /** Number `rank` in [0, count) of the architectures that can be drawn. */
  at(rank: bigint): Architecture {
    if (rank < 0n || rank >= this.count)
      throw expected(`a rank below ${this.count}`, `'${this.space.name}'`, String(rank));
    return this.#counts.at(rank);
  }

  /** Inverse of {@link at}; undefined for architectures that cannot be drawn. */
  rank(architecture: Architecture): bigint | undefined {
    return this.#counts.rank(architecture);
  }

  /** One architecture, uniformly. */
  draw(random: RandomStream): Architecture {
    return this.#counts.at(random.bigInteger(this.count));
  }

  /**
   * One architecture, uniformly among those whose ranks are not in `taken` (ascending, distinct). Undefined when
   * none is left: one draw, however few remain.
   */
  drawExcept(random: RandomStream, taken: readonly bigint[]): Architecture | undefined {
    const left = this.count - BigInt(taken.length);
    if (left <= 0n) return undefined;
    let rank = random.bigInteger(left);
    for (const other of taken) {
      if (other > rank) break;
      rank += 1n;
    }
    return this.#counts.at(rank);
  }
}

/** The set that meets constraints on named metrics. `tables` must hold each metric named. */
export function feasibleSet(
  space: GeneSpace,
  tables: readonly CostTable[],
  constraints: readonly Constraint[],
  options: FeasibleOptions = {},
): FeasibleSet {
  checkArguments('feasibleSet()', { geneSpace: space, costTables: tables, constraints, options });
  const bounds = constraints.map(({ metric, limit }) => {
    const table = tables.find((candidate) => candidate.metric === metric);
    if (table === undefined) {
      throw expected(
        `one of ${tables.map((t) => t.metric).join(', ')}`,
        `a constraint on '${space.name}'`,
        metric,
      );
    }
    return { table, atMost: limit };
  });
  return new FeasibleSet(space, bounds, options);
}

/** Ratio of two big integers. */
export function ratio(part: bigint, whole: bigint): number {
  const scale = 10n ** 18n;
  return Number((part * scale) / whole) / 1e18;
}

function count(
  problem: Problem,
  maxLevels: number,
  maxStates: number,
  explain: () => SinglePathError | undefined,
): Counts {
  const counts = new Counts(problem, levelsOf(problem, maxLevels), 'down', maxStates);
  if (counts.total > 0n) return counts;
  const proof = explain();
  if (proof !== undefined) throw proof;
  if (maxStates < MOST_STATES) return count(problem, maxLevels, maxStates * 4, explain);
  throw new SinglePathError(
    'INFEASIBLE_CONSTRAINT',
    'The few architectures that meet these constraints could not be counted',
    { hint: 'loosen one of the limits a little' },
  );
}
