import { rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Config } from '../config/schema/config.js';
import { retrainSchema } from '../config/schema/train.js';
import { SinglePathError } from '../core/errors.js';
import { inheritWeights } from '../export/inherit.js';
import { RunDirectory } from '../run/directory.js';
import { holdsResult } from '../run/header.js';
import { loadWeights } from '../run/weights.js';
import type { NativeBatch, TensorEntry } from '../runtime/native.js';
import type { RungScore } from '../search/halving.js';
import { hashOf } from '../space/hash.js';
import { deriveSubnet } from '../space/subnet.js';
import type { Architecture, SearchSpace } from '../space/types.js';
import { type RetrainResult, retrain } from '../train/retrain.js';
import { Disposables } from './disposables.js';
import { createNetwork, provenance, recipeOf } from './fromConfig.js';
import { trialIdentity, trialRecipe } from './identity.js';
import { FixedImages, type Images, openTrainingImages, trainingLoader } from './images.js';
import { keptConfig, readResult, type StoredRun } from './runs.js';

/** Which short training: of what, how long, and from which weights. */
export interface Trial {
  architecture: Architecture;
  epochs: number;
  /** The trial that this one continues with a fresh learning rate, as `run` named its folder; absent: from `search.trial.init`. */
  from?: string | undefined;
}

export interface TrialsOptions {
  /** Run directory of the search, from which folders of trials count. */
  runDir: string;
  signal?: AbortSignal | undefined;
  onSkipped: (error: SinglePathError) => void;
}

/**
 * Short trainings of single architectures on the supernet's training images, scored on the images held out from it. Each
 * is a run directory of its own under `trials/` of the supernet, so it resumes, is used again by every search that asks
 * for the same one, and can be exported.
 */
export class Trials implements Disposable {
  private constructor(
    private readonly config: Config,
    private readonly space: SearchSpace,
    private readonly supernet: Pick<StoredRun, 'path'>,
    private readonly images: Images,
    private readonly calibration: NativeBatch[],
    private readonly validation: NativeBatch[],
    /** State of the supernet and its hash, where trials inherit. */
    private readonly inherited: { state: TensorEntry[]; hash: string } | undefined,
    private readonly options: TrialsOptions,
    private readonly owned: Disposable,
  ) {}

  static async open(
    config: Config,
    space: SearchSpace,
    supernet: Pick<StoredRun, 'path'>,
    options: TrialsOptions,
  ): Promise<Trials> {
    const { validationImages } = config.evaluate;
    using stack = new Disposables();
    const images = stack.add(await openTrainingImages(config, space));
    const count = config.retrain.calibrationImages;
    const fixed = new FixedImages(config, options.signal);
    const calibration = count === 0 ? [] : await fixed.batches(images.train, count);
    stack.addAll(calibration);
    const validation = await fixed.batches(images.heldOut, validationImages);
    stack.addAll(validation);
    const inherited =
      config.search.trial.init === 'supernet' ? await stateOf(config, space, supernet, options) : undefined;
    const owned = stack.move();
    return new Trials(config, space, supernet, images, calibration, validation, inherited, options, owned);
  }

  /** Training images of one epoch. */
  get imagesPerEpoch(): number {
    return this.images.train.size;
  }

  /** Held-out images every trial is scored on. */
  get scoredImages(): number {
    return this.validation.reduce((sum, batch) => sum + batch.size, 0);
  }

  /**
   * Trains, goes on with a training that was stopped, or reads what is there.
   *
   * @returns its score, and its run directory relative to that of the search: the same however either is spelled.
   * @throws SinglePathError as `retrain`.
   */
  async run({ architecture, epochs, from: before }: Trial): Promise<RungScore & { folder: string }> {
    const { runDir, signal } = this.options;
    const { path } = this.supernet;
    const from = before === undefined ? undefined : join(runDir, before);
    const init = from === undefined ? (this.inherited?.hash ?? 'fresh') : relative(path, from);
    const identity = { ...trialIdentity(this.config), architecture: [...architecture], epochs, init };
    const name = `${architecture.join('-')}-${hashOf(identity).slice(0, 8)}`;
    const folder = join(path, 'trials', name);
    const { accuracy, loss } = (
      holdsResult(folder)
        ? await readingTrial(folder, () => readResult<RetrainResult>(folder))
        : await this.#train(folder, identity, { architecture, epochs, from }, signal)
    ).last;
    return { accuracy, loss, folder: relative(runDir, folder) };
  }

  async #train(
    folder: string,
    identity: Record<string, unknown>,
    { architecture, epochs, from }: Trial,
    signal: AbortSignal | undefined,
  ): Promise<RetrainResult> {
    const subnet = deriveSubnet(this.space, architecture);
    const { learningRate, batchSize } = this.config.search.trial;
    const { checkpointEvery, logEvery } = this.config.retrain;
    const section = {
      ...retrainSchema.parse({}),
      ...trialRecipe(this.config),
      checkpointEvery,
      logEvery,
      epochs,
      learningRate,
      batchSize,
      schedule: 'cosine' as const,
    };
    const config: Config = { ...this.config, retrain: section };
    using loader = trainingLoader(this.images.train, config, batchSize);
    const recipe = recipeOf(section, loader.batchesPerEpoch);
    using network = createNetwork(subnet, config);
    if (from !== undefined)
      await readingTrial(from, () => loadWeights(network, from, this.options.onSkipped));
    else if (this.inherited !== undefined)
      await network.load(inheritWeights(this.space, architecture, this.inherited.state));
    using run = await RunDirectory.open(folder, {
      kind: 'retrain',
      space: subnet,
      ...keptConfig(config),
      identity,
      resume: true,
      ...provenance(config),
      keep: 1,
    });
    const train = () =>
      retrain({
        network,
        loader,
        recipe: {
          ...recipe,
          warmupSteps: Math.min(recipe.warmupSteps, Math.round(recipe.steps / 10)),
        },
        seed: config.seed,
        calibration: this.calibration,
        validation: this.validation,
        validateEvery: Number.MAX_SAFE_INTEGER, // only at the end
        run,
        signal,
      });
    try {
      return await train();
    } catch (error) {
      if (!isDamage(error)) throw error;
      // Its one checkpoint was read before anything else was done: the network is as it was. It has little to lose.
      this.options.onSkipped(
        new SinglePathError(error.code, `${error.message}: this short training starts anew`, {
          cause: error,
        }),
      );
      await rm(run.checkpoints.path, { recursive: true, force: true });
      return await train();
    }
  }

  [Symbol.dispose](): void {
    this.owned[Symbol.dispose]();
  }
}

function isDamage(error: unknown): error is SinglePathError {
  return error instanceof SinglePathError && error.code === 'INVALID_CHECKPOINT';
}

/** Reads what a trial has left. @throws SinglePathError where that is damaged, naming the folder to delete. */
async function readingTrial<Result>(folder: string, read: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (cause) {
    if (!isDamage(cause)) throw cause;
    throw new SinglePathError(cause.code, cause.message, {
      cause,
      hint: `delete '${folder}', and go on with --resume: that short training is done again`,
    });
  }
}

async function stateOf(
  config: Config,
  space: SearchSpace,
  supernet: Pick<StoredRun, 'path'>,
  { onSkipped }: TrialsOptions,
): Promise<{ state: TensorEntry[]; hash: string }> {
  using network = createNetwork(space, config);
  const { hash } = await loadWeights(network, supernet.path, onSkipped);
  return { state: await network.state(), hash };
}
