import { join } from 'node:path';
import { configArgument } from '../../config/load.js';
import type { Config } from '../../config/schema/config.js';
import { checkArguments } from '../../core/check.js';
import { SinglePathError } from '../../core/errors.js';
import { Group } from '../../distributed/group.js';
import { TicketOffice, takeTickets } from '../../distributed/tickets.js';
import { evaluationKey, openEvaluationCache } from '../../evaluate/cacheFile.js';
import { CHUNK, populationEvaluator } from '../../evaluate/population.js';
import { sharedPopulation } from '../../evaluate/sharedPopulation.js';
import type { ImageRecord } from '../../run/images.js';
import { loadWeights } from '../../run/weights.js';
import type { EvaluateResult, NativeBatch } from '../../runtime/native.js';
import type { Evaluate } from '../../search/types.js';
import { hashOf, spaceHash } from '../../space/hash.js';
import type { Architecture, SearchSpace } from '../../space/types.js';
import type { Supernet } from '../../supernet/supernet.js';
import { FixedImages, openTrainingImages } from '../images/images.js';
import { checkSamePixels, pixelSampleOf } from '../images/pixelSample.js';
import { computedByText } from '../runs/computedBy.js';
import { scoreIdentity, sharedScoreIdentity, splitIdentity } from '../runs/identity.js';
import { calibrationOf, checkSameImages, recordOf, withNormalization } from '../runs/imageRecord.js';
import { readRun, type StoredRun } from '../runs/runs.js';
import { Disposables } from '../setup/disposables.js';
import { createNetwork, openSpace } from '../setup/fromConfig.js';

/** Scores candidates with the weights of a trained supernet. */
export interface Scorer extends AsyncDisposable {
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
  /** Processes that score candidates too ({@link helpScore}). Default: this one alone. */
  group?: Group | undefined;
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
  options: ScorerOptions,
): Promise<Scorer> {
  const { onSkipped, onProgress, group = Group.alone() } = options;
  using stack = new Disposables();
  const scored = stack.add(await openScored(config, space, supernetRun, options));
  const { calibration, validation, weights: hash, record } = scored;
  const shared = group.worldSize > 1;
  const office = shared ? await TicketOffice.open(group, scored.identity) : undefined;
  const supernet =
    office === undefined ? scored.supernet : sharedPopulation(scored.supernet, office, group.worldSize);
  const cacheFile = stack.add(openEvaluationCache(join(supernetRun.path, 'evaluations.jsonl'), onSkipped));
  const work = { layersRun: 0, layersAlone: 0 };
  const evaluate = populationEvaluator({
    supernet,
    calibration,
    validation,
    cache: cacheFile.cache,
    key: evaluationKey(
      hash,
      { ...scoreIdentity(config), split: record.split },
      computedByText(config.runtime),
    ),
    ...memoryOf(config),
    ...(shared && { chunk: CHUNK * group.worldSize }),
    ...(onProgress && { onProgress }),
    onWork: ({ layersRun, layersAlone }) => {
      work.layersRun += layersRun;
      work.layersAlone += layersAlone;
    },
  });
  const images = validation.reduce((sum, batch) => sum + batch.size, 0);
  const owned = stack.move();
  return {
    evaluate,
    weights: hash,
    images,
    record,
    work,
    [Symbol.asyncDispose]: async () => {
      await office?.[Symbol.asyncDispose]();
      owned[Symbol.dispose]();
    },
  };
}

/** What candidates are scored with, and on. */
interface Scored extends Disposable {
  supernet: Supernet;
  calibration: NativeBatch[];
  validation: NativeBatch[];
  /** SHA-256 of the supernet's weights. */
  weights: string;
  record: ImageRecord;
  /** What decides scores, on any machine. */
  identity: unknown;
}

async function openScored(
  config: Config,
  space: SearchSpace,
  supernetRun: StoredRun,
  { signal, onSkipped, group }: ScorerOptions,
): Promise<Scored> {
  checkSpace(space, supernetRun);
  checkImages(config, supernetRun);
  const { calibrationImages, validationImages } = config.evaluate;
  using stack = new Disposables();
  const images = stack.add(await openTrainingImages(withNormalization(config, supernetRun.path), space));
  checkSameImages(supernetRun.path, images);
  checkSamePixels(supernetRun.path, await pixelSampleOf(config, space, images));
  const record = { ...recordOf(config, images), calibration: calibrationOf(images.train, calibrationImages) };
  const fixed = new FixedImages(config, signal);
  const calibration = await fixed.batches(images.train, calibrationImages);
  stack.addAll(calibration);
  const validation = await fixed.batches(images.heldOut, validationImages);
  stack.addAll(validation);
  const supernet = stack.add(createNetwork(space, config, group));
  const { hash: weights } = await loadWeights(supernet, supernetRun.path, onSkipped);
  const owned = stack.move();
  return {
    supernet,
    calibration,
    validation,
    weights,
    record,
    identity: { weights, ...sharedScoreIdentity(config), split: record.split },
    [Symbol.dispose]: () => owned[Symbol.dispose](),
  };
}

export interface HelpControl extends ScorerOptions {
  /** Run directory of the supernet. */
  supernet: string;
  group: Group;
}

/**
 * Scores candidates for a search or a ranking that rank 0 of the group runs, until that is done. A rank may come at any time, and
 * one that is lost costs what it was about to score.
 *
 * @returns the number of units, which are parts of populations, that were scored here.
 * @throws SinglePathError `RANKS_DIFFER` where scores would be others here, `RANK_LOST` where rank 0 is gone.
 */
export async function helpScore(given: Config, control: HelpControl): Promise<number> {
  const config = configArgument('helpScore()', given);
  checkArguments('helpScore()', { control });
  checkArguments('helpScore()', { path: control.supernet });
  const { supernet: path, group, ...options } = control;
  const { signal } = options;
  using scored = await openScored(config, openSpace(config.space), readRun(path, 'train'), {
    ...options,
    group,
  });
  const { supernet, calibration, validation, identity } = scored;
  const settings = { calibration, validation, ...memoryOf(config), signal };
  const work = (unit: Architecture[]): Promise<EvaluateResult> => supernet.evaluate(unit, settings);
  return await takeTickets(group, work, { identity, timeout: config.distributed.timeout, signal });
}

/** Where it is not set, the supernet decides. */
function memoryOf({ evaluate: { memory } }: Config): { memoryBytes?: number } {
  return memory === null ? {} : { memoryBytes: memory * 2 ** 20 };
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
