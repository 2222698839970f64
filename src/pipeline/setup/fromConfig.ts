import { availableParallelism, cpus, release, type } from 'node:os';
import { missingSpace } from '../../config/load.js';
import type { Config } from '../../config/schema/config.js';
import { learningRateOf } from '../../config/schema/recipe.js';
import type { SpaceConfig } from '../../config/schema/space.js';
import type { RetrainConfig, TrainConfig } from '../../config/schema/train.js';
import { checkArguments } from '../../core/check.js';
import { SinglePathError, show, withPrefix } from '../../core/errors.js';
import { costTable } from '../../cost/cost.js';
import { Group } from '../../distributed/group.js';
import type { RunOptions } from '../../run/directory.js';
import { addon, packageVersion } from '../../runtime/addon.js';
import { BinnedSampler, ConstrainedSampler } from '../../sampling/constrained.js';
import type { Sampler } from '../../sampling/sampler.js';
import { StrictFairnessSampler } from '../../sampling/strictFairness.js';
import { UniformSampler } from '../../sampling/uniform.js';
import { loadSpace } from '../../space/file/load.js';
import { getSpace } from '../../space/spaces/catalog.js';
import type { SearchSpace } from '../../space/types.js';
import { Supernet } from '../../supernet/supernet.js';
import { type Recipe, stepsOfEpochs } from '../../train/recipe.js';
import { withWidthWarmup } from '../../train/widthWarmup.js';
import { legalArchitectures } from './legalArchitectures.js';
import { processorIdentity } from './processor.js';

/**
 * The search space a configuration names, at the size it asks for.
 *
 * @throws SinglePathError `INVALID_CONFIG` (none is named), and what getSpace and loadSpace throw.
 */
export function openSpace(section: SpaceConfig): SearchSpace {
  checkArguments('openSpace()', { section });
  const { name, file, size, classes, channels, options } = section;
  const dimensions = {
    ...options,
    ...(size !== null && { size }),
    ...(classes !== null && { classes }),
    ...(channels !== null && { channels }),
  };
  if (file !== null) return loadSpace(file, dimensions);
  if (name === null) throw missingSpace();
  return getSpace(name, dimensions);
}

/**
 * The path of each training step, as the `train` section asks for.
 *
 * @throws SinglePathError `INFEASIBLE_CONSTRAINT`, `INVALID_CONFIG` for settings that would decide nothing.
 */
export function samplerOf(space: SearchSpace, config: Config): Sampler {
  const { train, seed } = config;
  const { holdSteps, widenSteps } = train.widthWarmup;
  const sampler = plainSampler(space, config);
  if (holdSteps + widenSteps === 0) return sampler;
  if (!space.genes.some(({ kind }) => kind === 'width')) {
    throw new SinglePathError(
      'INVALID_CONFIG',
      `Expected a space with width genes for train.widthWarmup ${show(train.widthWarmup)} but '${space.name}' has none`,
      { hint: 'leave train.widthWarmup out: it is for spaces whose channels are searched' },
    );
  }
  return withWidthWarmup(sampler, space, { holdSteps, widenSteps }, seed);
}

function plainSampler(space: SearchSpace, { train, seed, latency }: Config): Sampler {
  if (train.constraints.length > 0 && train.sampler !== 'constrained') {
    throw new SinglePathError(
      'INVALID_CONFIG',
      `Expected train.sampler constrained, as there are train.constraints, but received ${train.sampler}`,
      { hint: 'a search has constraints of its own: search.constraints' },
    );
  }
  switch (train.sampler) {
    case 'uniform':
      return new UniformSampler(space, seed);
    case 'strict-fairness':
      return new StrictFairnessSampler(space, seed);
    case 'constrained':
      return withPrefix('train.constraints: ', () => {
        return new ConstrainedSampler(legalArchitectures(space, train.constraints, latency), seed);
      });
    case 'flops-bins':
      return withPrefix('train.flopsBins: ', () => {
        return new BinnedSampler(space, costTable(space, 'madds'), seed, train.flopsBins);
      });
  }
}

/** The supernet of a space, or the network of a derived one, on the device the configuration names. */
export function createNetwork(
  space: SearchSpace,
  { runtime, seed }: Config,
  group = Group.alone(),
): Supernet {
  const { kernels, precision, graphs, folded, threads } = runtime;
  // One GPU a rank.
  const device =
    runtime.device === 'cuda' && group.worldSize > 1 ? `cuda:${group.place.localRank}` : runtime.device;
  useThreads(threads);
  return new Supernet(space, { device, kernels, precision, graphs, folded, seed });
}

/** Computes one op with so many threads from now on; 0 leaves it at what it is. */
export function useThreads(threads: number): void {
  if (threads > 0) addon().setThreads(threads);
}

/** What a run directory notes of where it computes: versions in checkpoints, the whole in events. */
export function provenance({ runtime }: Config): Pick<RunOptions, 'versions' | 'environment'> {
  const native = addon();
  const { torch } = native.versions();
  const { device, kernels, precision } = runtime;
  return {
    versions: { torch },
    environment: {
      singlepath: packageVersion(),
      node: process.versions.node,
      torch,
      platform: `${type()} ${release()} ${process.arch}`,
      cpu: cpus()[0]?.model ?? 'unknown',
      processors: availableParallelism(),
      threads: native.threads(),
      isa: native.cpu().isa,
      ...processorIdentity(runtime),
      device,
      kernels,
      precision,
    },
  };
}

/** A section of the configuration as the recipe of a training, epochs counted in steps. */
export function recipeOf(section: TrainConfig | RetrainConfig, batchesPerEpoch: number): Recipe {
  checkArguments('recipeOf()', { section });
  const { epochs, accumulate } = section;
  const steps = epochs === null ? section.steps : stepsOfEpochs(epochs, batchesPerEpoch, accumulate);
  return { ...section, steps, learningRate: learningRateOf(section) };
}

/** Says of a training that its warm-up lasts to its end; undefined where it does not. */
export function warmupNotice(
  section: 'train' | 'retrain',
  { steps, warmupSteps }: Pick<Recipe, 'steps' | 'warmupSteps'>,
): string | undefined {
  if (warmupSteps < steps) return undefined;
  return (
    `${section}.warmupSteps = ${warmupSteps} is not below the ${steps} steps of the training: ` +
    'the learning rate only rises and never falls; a tenth of the steps is usual'
  );
}
