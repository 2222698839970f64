import { join } from 'node:path';
import type { Config } from '../config/schema/config.js';
import { SinglePathError } from '../core/errors.js';
import { evaluationKey, openEvaluationCache } from '../evaluate/cacheFile.js';
import { populationEvaluator } from '../evaluate/population.js';
import type { ImageRecord } from '../run/images.js';
import { loadWeights } from '../run/weights.js';
import type { Evaluate } from '../search/types.js';
import { hashOf, spaceHash } from '../space/hash.js';
import type { SearchSpace } from '../space/types.js';
import { Disposables } from './disposables.js';
import { createNetwork } from './fromConfig.js';
import { scoreIdentity, splitIdentity } from './identity.js';
import { calibrationOf, checkSameImages, recordOf } from './imageRecord.js';
import { FixedImages, openTrainingImages } from './images.js';
import type { StoredRun } from './runs.js';

/** Scores candidates with the weights of a trained supernet. */
export interface Scorer extends Disposable {
  evaluate: Evaluate;
  /** SHA-256 of the supernet's weights. */
  weights: string;
  /** Held-out images every candidate is scored on. */
  images: number;
  /** Which images these are, for the run directory. */
  record: ImageRecord;
  /** Layers run, and what evaluating each path alone would have run. */
  work: { layersRun: number; layersAlone: number };
}

export interface ScorerOptions {
  signal?: AbortSignal | undefined;
  /** Receives the error of each damaged checkpoint that is skipped. */
  onSkipped: (error: SinglePathError) => void;
  /** Candidates scored, of the population at hand. */
  onProgress?: (done: number, total: number) => void;
}

/**
 * Loads a supernet and the fixed images candidates are calibrated and scored on. Scores are kept in
 * `evaluations.jsonl` of the supernet's run directory, so several searches share them.
 *
 * @throws SinglePathError `INVALID_CONFIG` where the images would not be those held out from the supernet.
 */
export async function openScorer(
  config: Config,
  space: SearchSpace,
  supernetRun: StoredRun,
  { signal, onSkipped, onProgress }: ScorerOptions,
): Promise<Scorer> {
  checkSpace(space, supernetRun);
  checkImages(config, supernetRun);
  const { calibrationImages, validationImages, memory } = config.evaluate;
  using stack = new Disposables();
  const images = stack.add(await openTrainingImages(config, space));
  checkSameImages(supernetRun.path, images);
  const record = { ...recordOf(config, images), calibration: calibrationOf(images.train, calibrationImages) };
  const fixed = new FixedImages(config, signal);
  const calibration = await fixed.batches(images.train, calibrationImages);
  stack.addAll(calibration);
  const validation = await fixed.batches(images.heldOut, validationImages);
  stack.addAll(validation);
  const supernet = stack.add(createNetwork(space, config));
  const { hash } = await loadWeights(supernet, supernetRun.path, onSkipped);
  const cacheFile = stack.add(openEvaluationCache(join(supernetRun.path, 'evaluations.jsonl'), onSkipped));
  const work = { layersRun: 0, layersAlone: 0 };
  const evaluate = populationEvaluator({
    supernet,
    calibration,
    validation,
    cache: cacheFile.cache,
    key: evaluationKey(hash, scoreIdentity(config)),
    memoryBytes: memory * 2 ** 20,
    ...(onProgress && { onProgress }),
    onWork: ({ layersRun, layersAlone }) => {
      work.layersRun += layersRun;
      work.layersAlone += layersAlone;
    },
  });
  const scored = validation.reduce((sum, batch) => sum + batch.size, 0);
  const owned = stack.move();
  return {
    evaluate,
    weights: hash,
    images: scored,
    record,
    work,
    [Symbol.dispose]: () => owned[Symbol.dispose](),
  };
}

/** The supernet has to be one of the space whose architectures are scored. */
function checkSpace(space: SearchSpace, { space: trained, path }: StoredRun): void {
  const hash = spaceHash(space);
  if (trained.hash === hash) return;
  const named = (name: string, id: string) => `'${name}' (${id.slice(0, 12)})`;
  throw new SinglePathError(
    'INVALID_CONFIG',
    `Expected a supernet of ${named(space.name, hash)} in '${path}' but it is one of ${named(trained.name, trained.hash)}`,
    { hint: 'leave the space section out: it is taken from the supernet' },
  );
}

/** @throws SinglePathError `INVALID_CONFIG` where a search would have no images to score candidates on. */
export function checkHeldOut({ data }: Config): void {
  if (data.heldOut > 0 || data.heldOutPerClass !== null) return;
  throw new SinglePathError(
    'INVALID_CONFIG',
    'Expected data.heldOut > 0: candidates are scored on held-out images',
  );
}

/** Other held-out images would be training images of this supernet, and scores meaningless. */
function checkImages(config: Config, { config: trained, path }: StoredRun): void {
  checkHeldOut(config);
  const [here, there] = [splitIdentity(config), splitIdentity(trained)];
  if (hashOf(here) !== hashOf(there)) {
    throw new SinglePathError(
      'INVALID_CONFIG',
      `Expected the images the supernet in '${path}' was trained without but received ${JSON.stringify(here)} instead of ${JSON.stringify(there)}`,
      { hint: 'leave the data section out: it is taken from the supernet' },
    );
  }
}
