import { rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Config } from '../../config/schema/config.js';
import { retrainSchema } from '../../config/schema/train.js';
import { SinglePathError } from '../../core/errors.js';
import { inheritWeights } from '../../export/inherit.js';
import { RunDirectory } from '../../run/directory.js';
import { holdsResult } from '../../run/header.js';
import { loadWeights } from '../../run/weights.js';
import type { NativeBatch, TensorEntry } from '../../runtime/native.js';
import type { RungScore } from '../../search/halving.js';
import { hashOf } from '../../space/hash.js';
import { deriveSubnet } from '../../space/subnet.js';
import type { Architecture, SearchSpace } from '../../space/types.js';
import type { Supernet } from '../../supernet/supernet.js';
import { type RetrainResult, retrain } from '../../train/retrain.js';
import { FixedImages, type Images, openTrainingImages, trainingLoader } from '../images/images.js';
import { trialIdentity, trialRecipe } from '../runs/identity.js';
import { withNormalization } from '../runs/imageRecord.js';
import { keptConfig, readResult, type StoredRun } from '../runs/runs.js';
import { Disposables } from '../setup/disposables.js';
import { createNetwork, provenance, recipeOf } from '../setup/fromConfig.js';

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

/** What trials are of. */
interface TrialsSetting extends TrialsOptions {
  config: Config;
  space: SearchSpace;
  supernet: Pick<StoredRun, 'path'>;
}

/** What all trials share. */
interface SharedInputs extends Disposable {
  images: Images;
  calibration: NativeBatch[];
  validation: NativeBatch[];
  /** State of the supernet and its hash, where trials inherit. */
  inherited: { state: TensorEntry[]; hash: string } | undefined;
}

/**
 * Short trainings of single architectures on the supernet's training images, scored on the images held out from it. Each
 * is a run directory of its own under `trials/` of the supernet, so it resumes, is used again by every search that asks
 * for the same one, and can be exported.
 */
export class Trials implements Disposable {
  private constructor(
    private readonly setting: TrialsSetting,
    private readonly shared: SharedInputs,
  ) {}

  static async open(
    config: Config,
    space: SearchSpace,
    supernet: Pick<StoredRun, 'path'>,
    options: TrialsOptions,
  ): Promise<Trials> {
    const setting = { ...options, config, space, supernet };
    return new Trials(setting, await openInputs(setting));
  }

  /** Training images of one epoch. */
  get imagesPerEpoch(): number {
    return this.shared.images.train.size;
  }

  /** Held-out images every trial is scored on. */
  get scoredImages(): number {
    return this.shared.validation.reduce((sum, batch) => sum + batch.size, 0);
  }

  /**
   * Trains, goes on with a training that was stopped, or reads what is there.
   *
   * @returns its score, and its run directory relative to that of the search: the same however either is spelled.
   * @throws SinglePathError as `retrain`.
   */
  async run(trial: Trial): Promise<RungScore & { folder: string }> {
    const { architecture, epochs } = trial;
    const { config, supernet, runDir } = this.setting;
    const from = trial.from === undefined ? undefined : join(runDir, trial.from);
    const init =
      from === undefined ? (this.shared.inherited?.hash ?? 'fresh') : relative(supernet.path, from);
    const identity = { ...trialIdentity(config), architecture: [...architecture], epochs, init };
    const name = `${architecture.join('-')}-${hashOf(identity).slice(0, 8)}`;
    const folder = join(supernet.path, 'trials', name);
    const { accuracy, loss } = (
      holdsResult(folder)
        ? await readingTrial(folder, () => readResult<RetrainResult>(folder))
        : await this.#train(folder, identity, { architecture, epochs }, from)
    ).last;
    return { accuracy, loss, folder: relative(runDir, folder) };
  }

  async #train(
    folder: string,
    identity: Record<string, unknown>,
    { architecture, epochs }: Omit<Trial, 'from'>,
    from: string | undefined,
  ): Promise<RetrainResult> {
    const { signal, onSkipped } = this.setting;
    const { images, calibration, validation } = this.shared;
    const subnet = deriveSubnet(this.setting.space, architecture);
    const config = trialConfig(this.setting.config, epochs);
    using loader = trainingLoader(images.train, config, config.retrain.batchSize);
    const recipe = recipeOf(config.retrain, loader.batchesPerEpoch);
    using network = createNetwork(subnet, config);
    await this.#loadFirstWeights(network, architecture, from);
    using run = await RunDirectory.open(folder, {
      kind: 'retrain',
      space: subnet,
      ...keptConfig(config),
      identity,
      resume: true,
      ...provenance(config),
      keep: 1,
    });
    return await anewIfDamaged(run, onSkipped, () =>
      retrain({
        network,
        loader,
        // So short a training is not to spend most of itself on a warm-up.
        recipe: { ...recipe, warmupSteps: Math.min(recipe.warmupSteps, Math.round(recipe.steps / 10)) },
        seed: config.seed,
        calibration,
        validation,
        validateEvery: Number.MAX_SAFE_INTEGER, // only at the end
        run,
        signal,
      }),
    );
  }

  /** @param from run directory of the trial that this one continues. */
  async #loadFirstWeights(
    network: Supernet,
    architecture: Architecture,
    from: string | undefined,
  ): Promise<void> {
    const { space, onSkipped } = this.setting;
    const { inherited } = this.shared;
    if (from !== undefined) await readingTrial(from, () => loadWeights(network, from, onSkipped));
    else if (inherited !== undefined)
      await network.load(inheritWeights(space, architecture, inherited.state));
  }

  [Symbol.dispose](): void {
    this.shared[Symbol.dispose]();
  }
}

async function openInputs(setting: TrialsSetting): Promise<SharedInputs> {
  const { config, space, supernet, signal } = setting;
  using stack = new Disposables();
  const images = stack.add(await openTrainingImages(withNormalization(config, supernet.path), space));
  const count = config.retrain.calibrationImages;
  const fixed = new FixedImages(config, signal);
  const calibration = count === 0 ? [] : await fixed.batches(images.train, count);
  stack.addAll(calibration);
  const validation = await fixed.batches(images.heldOut, config.evaluate.validationImages);
  stack.addAll(validation);
  const inherited = config.search.trial.init === 'supernet' ? await stateOf(setting) : undefined;
  const owned = stack.move();
  return { images, calibration, validation, inherited, [Symbol.dispose]: () => owned[Symbol.dispose]() };
}

/** The configuration of a retraining that is a trial. */
function trialConfig(config: Config, epochs: number): Config {
  const { learningRate, batchSize } = config.search.trial;
  const { checkpointEvery, logEvery } = config.retrain;
  const section = {
    ...retrainSchema.parse({}),
    ...trialRecipe(config),
    checkpointEvery,
    logEvery,
    epochs,
    learningRate,
    batchSize,
    schedule: 'cosine' as const,
  };
  return { ...config, retrain: section };
}

/** A trial has little to lose: one whose checkpoint is damaged starts anew. */
async function anewIfDamaged<Result>(
  { checkpoints }: RunDirectory,
  onSkipped: (error: SinglePathError) => void,
  train: () => Promise<Result>,
): Promise<Result> {
  try {
    return await train();
  } catch (error) {
    if (!isDamage(error)) throw error;
    // Its one checkpoint was read before anything else was done: the network is as it was.
    onSkipped(
      new SinglePathError(error.code, `${error.message}: this short training starts anew`, { cause: error }),
    );
    await rm(checkpoints.path, { recursive: true, force: true });
    return await train();
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

async function stateOf({ config, space, supernet, onSkipped }: TrialsSetting): Promise<{
  state: TensorEntry[];
  hash: string;
}> {
  using network = createNetwork(space, config);
  const { hash } = await loadWeights(network, supernet.path, onSkipped);
  return { state: await network.state(), hash };
}
