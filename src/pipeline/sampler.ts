import type { Config } from '../config/schema/config.js';
import { parseConstraints } from '../cost/constraint.js';
import { costTable } from '../cost/cost.js';
import { BinnedSampler, ConstrainedSampler } from '../sampling/constrained.js';
import { type FeasibleSet, feasibleSet } from '../sampling/feasible.js';
import type { Sampler } from '../sampling/sampler.js';
import { StrictFairnessSampler } from '../sampling/strictFairness.js';
import { UniformSampler } from '../sampling/uniform.js';
import type { SearchSpace } from '../space/types.js';
import { withWidthWarmup } from '../train/widthWarmup.js';

/** The path of each training step, as the `train` section asks for. @throws SinglePathError `INFEASIBLE_CONSTRAINT`. */
export function samplerOf(space: SearchSpace, { train, seed }: Config): Sampler {
  const { holdSteps, widenSteps } = train.widthWarmup;
  const sampler = plainSampler(space, train, seed);
  if (holdSteps + widenSteps === 0) return sampler;
  return withWidthWarmup(sampler, space, { holdSteps, widenSteps }, seed);
}

function plainSampler(space: SearchSpace, train: Config['train'], seed: number): Sampler {
  switch (train.sampler) {
    case 'uniform':
      return new UniformSampler(space, seed);
    case 'strict-fairness':
      return new StrictFairnessSampler(space, seed);
    case 'constrained':
      return new ConstrainedSampler(legalArchitectures(space, train.constraints), seed);
    case 'flops-bins':
      return new BinnedSampler(space, costTable(space, 'madds'), seed, train.flopsBins);
  }
}

/**
 * The architectures that meet all constraints.
 *
 * @throws SinglePathError `INFEASIBLE_CONSTRAINT` with the smallest possible cost.
 */
export function legalArchitectures(space: SearchSpace, texts: readonly string[]): FeasibleSet {
  const constraints = parseConstraints(texts);
  const tables = constraints.map(({ metric }) => costTable(space, metric));
  return feasibleSet(space, tables, constraints);
}
