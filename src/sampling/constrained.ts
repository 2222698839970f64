import { trainSchema } from '../config/schema/train.js';
import { checkArguments } from '../core/check.js';
import { expected } from '../core/errors.js';
import { RandomStream } from '../core/rng.js';
import type { CostTable } from '../cost/table.js';
import type { Architecture } from '../space/types.js';
import { type FeasibleOptions, FeasibleSet } from './feasible.js';
import type { GeneSpace, Sampler } from './sampler.js';

/** Uniform among the architectures of a feasible set. */
export class ConstrainedSampler implements Sampler {
  constructor(
    readonly set: FeasibleSet,
    readonly seed: number,
  ) {
    checkArguments('ConstrainedSampler', { feasibleSet: set, seed });
  }

  at(step: number): Architecture {
    return this.set.draw(new RandomStream(this.seed, 'sampling', step));
  }
}

export interface CostBins {
  /** Lower edge of the first bin. */
  from: number;
  /** Upper edge of the last bin. */
  to: number;
  bins: number;
}

/** What the released code of SPOS trains with: seven bins of 10M MAdds from 290M to 360M. */
const RELEASED_BINS: CostBins = trainSchema.parse({}).flopsBins;

/**
 * First a bin of the cost, uniformly, then an architecture inside it, uniformly; edges belong to both bins. The
 * released code of SPOS draws up to 500 times until one falls into the bin; here each bin is counted.
 */
export class BinnedSampler implements Sampler {
  readonly sets: readonly FeasibleSet[];

  /** @throws SinglePathError `INFEASIBLE_CONSTRAINT` when a bin is empty. */
  constructor(
    space: GeneSpace,
    table: CostTable,
    readonly seed: number,
    costBins: CostBins = RELEASED_BINS,
    options: FeasibleOptions = {},
  ) {
    checkArguments('BinnedSampler', { geneSpace: space, costTable: table, seed, settings: costBins });
    const { from, to, bins } = costBins;
    checkArguments('bins', { count: bins });
    if (!(from < to)) throw expected(`more than ${from}`, 'the upper edge of the bins', to);
    const edge = (i: number) => from + ((to - from) * i) / bins;
    this.sets = Array.from(
      { length: bins },
      (_, i) => new FeasibleSet(space, [{ table, atLeast: edge(i), atMost: edge(i + 1) }], options),
    );
  }

  at(step: number): Architecture {
    const random = new RandomStream(this.seed, 'sampling', step);
    return this.sets[random.integer(this.sets.length)]!.draw(random);
  }
}
