import type { Config } from '../../config/schema/config.js';
import { generationOf } from '../../config/schema/search.js';
import { latencyTableOf, parseConstraints } from '../../cost/constraint.js';
import { datasetDefinition } from '../../data/kinds/index.js';
import { costTable } from '../../latency/cost/costTable.js';
import { addon } from '../../runtime/addon.js';
import { hashOf, spaceHash } from '../../space/hash.js';
import type { SearchSpace } from '../../space/types.js';
import { augmentOf, pixelSettings } from '../images/augmentation.js';
import { computedBy } from './computedBy.js';

/** What decides the numbers of a training: a run is only resumed where it is equal. */
export function trainingIdentity(config: Config, section: 'train' | 'retrain'): Record<string, unknown> {
  const { seed, runtime } = config;
  // How often something is written may change between stop and resume.
  const { checkpointEvery: _, logEvery: __, ...recipe } = config[section];
  const { reproducible, shards } = config.distributed;
  return {
    seed,
    data: imagesIdentity(config),
    runtime: runtimeIdentity(runtime),
    recipe,
    ...(reproducible && { distributed: { shards } }),
    // BatchNorm is recalibrated batch by batch.
    ...(section === 'retrain' && { evaluate: { batchSize: config.evaluate.batchSize } }),
  };
}

/** The content of the latency tables a section is constrained by: another table under the same name is another constraint. */
export function tablesIdentity(
  config: Config,
  section: 'train' | 'retrain' | 'search',
  space: SearchSpace,
): { tables?: string[] } {
  const metrics = [...new Set(constrainedBy(config, section))].filter(
    (metric) => latencyTableOf(metric) !== undefined,
  );
  if (metrics.length === 0) return {};
  return {
    tables: metrics.map((metric) => {
      const { base, layers } = costTable(space, metric, config.latency);
      return hashOf([base, ...layers.map(({ costs }) => [...costs])]);
    }),
  };
}

/** The costs that a section limits or minimizes. */
function constrainedBy({ train, search }: Config, section: 'train' | 'retrain' | 'search'): string[] {
  const limited = (constraints: readonly string[]) =>
    parseConstraints(constraints).map(({ metric }) => metric);
  switch (section) {
    case 'train':
      return train.sampler === 'constrained' ? limited(train.constraints) : [];
    case 'retrain':
      return [];
    case 'search':
      return [...limited(search.constraints), ...(search.algorithm === 'nsga2' ? search.objectives : [])];
  }
}

/** What computes: not which of several equal cards. */
function runtimeIdentity({ device, kernels, precision }: Config['runtime']): Record<string, unknown> {
  return { device: device.replace(/:.*/, ''), kernels, precision };
}

/** What has to be equal on all processes that train together: where files lie may differ. */
export function rankIdentity(
  config: Config,
  section: 'train' | 'retrain',
  space: SearchSpace,
  images: unknown,
): Record<string, unknown> {
  const { data, ...identity } = trainingIdentity(config, section) as { data: Record<string, unknown> };
  const { path: _, cache, ...others } = data;
  const rest = cacheDecides(config, space) ? { ...others, cache } : others;
  // The norm of a gradient is added up in as many parts as there are threads.
  const threads = config[section].clipGradientNorm > 0 ? { threads: addon().threads() } : {};
  return {
    ...identity,
    ...tablesIdentity(config, section, space),
    data: rest,
    images,
    space: spaceHash(space).slice(0, 12),
    ...threads,
    ...computedBy(config.runtime),
  };
}

/** Random crops come from whole images where all of them fit into the cache, and else from smaller decoded JPEGs. */
function cacheDecides({ data }: Config, { input }: SearchSpace): boolean {
  if (data.exactDecode || !datasetDefinition(data.kind).imageFiles) return false;
  return augmentOf(data, input.size).randomResizedCrop !== false;
}

/** What decides which images are taken and how they look. Not where they lie: what is there is told by its fingerprint. */
function imagesIdentity({ data }: Config): Record<string, unknown> {
  const { threads: _, path: __, testPath: ___, ...rest } = data;
  return rest;
}

/** What decides which images a supernet never sees. */
export function splitIdentity({ data }: Config): Record<string, unknown> {
  const { kind, testFraction, heldOut, heldOutPerClass, splitSeed, trainImages } = data;
  const count = heldOutPerClass === null ? { heldOut } : { heldOutPerClass };
  return { kind, ...(testFraction > 0 && { testFraction }), ...count, splitSeed, trainImages };
}

/** What a candidate's score depends on besides weights and architecture. */
export function scoreIdentity(config: Config): Record<string, unknown> {
  const { calibrationImages, validationImages, batchSize } = config.evaluate;
  const { device, folded } = config.runtime;
  return {
    images: { ...splitIdentity(config), ...pixelSettings(config.data) },
    // `statistics` tells scores from those of versions that averaged over batches.
    evaluate: { calibrationImages, validationImages, batchSize, statistics: 'pooled' },
    runtime: { ...runtimeIdentity(config.runtime), ...(device !== 'cpu' && { folded }) },
  };
}

/** What decides scores on any machine: where files lie may differ. */
export function sharedScoreIdentity(config: Config): Record<string, unknown> {
  const { images, ...identity } = scoreIdentity(config) as { images: Record<string, unknown> };
  const { path: _, ...rest } = images;
  return { ...identity, images: rest, ...computedBy(config.runtime) };
}

/** What decides which candidates a search tries, in addition to their scores. */
export function searchIdentity(config: Config, weights: string): Record<string, unknown> {
  // A search of more generations begins with the same ones, and finalists come after it, so a finished one may go on.
  // Trials matter where they calibrate the score.
  const { generations: _, finalists: __, trial: ___, ...plan } = config.search;
  const trials =
    plan.calibrate > 0 ? { trial: { ...trialIdentity(config), epochs: config.search.trial.epochs } } : {};
  const search = { ...plan, ...generationOf(config.search), ...trials };
  const naswot = plan.score === 'model' && { naswotImages: config.evaluate.naswotImages };
  return { seed: config.seed, search, weights, ...scoreIdentity(config), ...naswot };
}

/** What decides the result of a short training, beside the architecture, its epochs and its first weights. */
export function trialIdentity(config: Config): Record<string, unknown> {
  const { epochs: _, rungs: __, ...trial } = config.search.trial;
  const { recipe: ___, ...rest } = trainingIdentity(config, 'retrain');
  return { ...rest, trial, recipe: trialRecipe(config), validationImages: config.evaluate.validationImages };
}

/** What a trial takes from the retraining's recipe: nothing else of it reaches a trial. */
export function trialRecipe({ retrain }: Config): Partial<Config['retrain']> {
  const { momentum, nesterov, weightDecay, labelSmoothing, clipGradientNorm } = retrain;
  const { calibrationImages, warmupSteps } = retrain;
  return {
    momentum,
    nesterov,
    weightDecay,
    labelSmoothing,
    clipGradientNorm,
    calibrationImages,
    warmupSteps,
  };
}
