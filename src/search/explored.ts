import type { RandomStream } from '../core/rng.js';
import type { FeasibleSet } from '../sampling/feasible.js';
import type { Architecture } from '../space/types.js';

/** The visited set of a search: which architectures were claimed for evaluation, and what legal ones are left. */
export class Explored {
  readonly #keys = new Set<string>();
  /** Ranks in the feasible set, ascending. */
  readonly #ranks: bigint[] = [];

  constructor(readonly feasible: FeasibleSet) {}

  /** Claims an architecture; false when it breaks a constraint or was claimed before. */
  claim(architecture: Architecture): boolean {
    const key = architecture.join();
    if (this.#keys.has(key) || !this.feasible.satisfies(architecture)) return false;
    this.#keys.add(key);
    const rank = this.feasible.rank(architecture);
    if (rank !== undefined) this.#ranks.splice(insertion(this.#ranks, rank), 0, rank);
    return true;
  }

  /** Claims a legal architecture uniformly among those not yet claimed; undefined when none is left. */
  claimRandom(random: RandomStream): Architecture | undefined {
    const architecture = this.feasible.drawExcept(random, this.#ranks);
    if (architecture !== undefined) this.claim(architecture);
    return architecture;
  }

  get exhausted(): boolean {
    return BigInt(this.#ranks.length) === this.feasible.count;
  }
}

/** Position of the first value above `rank`. */
function insertion(ranks: readonly bigint[], rank: bigint): number {
  let low = 0;
  let high = ranks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ranks[middle]! < rank) low = middle + 1;
    else high = middle;
  }
  return low;
}
