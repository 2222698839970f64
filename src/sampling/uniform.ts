import { checkArguments } from '../core/check.js';
import { RandomStream } from '../core/rng.js';
import type { Architecture } from '../space/types.js';
import type { GeneSpace, Sampler } from './sampler.js';

/** Every gene independently uniform (arXiv 1904.00420, section 3.2). */
export class UniformSampler implements Sampler {
  constructor(
    readonly space: GeneSpace,
    readonly seed: number,
  ) {
    checkArguments('UniformSampler', { geneSpace: space, seed });
  }

  at(step: number): Architecture {
    return uniformArchitecture(this.space, new RandomStream(this.seed, 'sampling', step));
  }
}

function uniformArchitecture(space: GeneSpace, random: RandomStream): number[] {
  return space.genes.map((gene) => random.integer(gene.size));
}
