import { retrainSchema } from '../config/schema/train.js';
import { checkArguments } from '../core/check.js';
import type { NativeBatch } from '../runtime/native.js';
import { accuraciesOf, type Supernet } from '../supernet/supernet.js';
import { type TrainingOptions, trainingLoop } from './loop.js';
import type { TrainingSession } from './session.js';

export interface RetrainOptions
  extends Omit<TrainingOptions, 'network' | 'classes' | 'sampler' | 'onEpoch' | 'onFinish'> {
  /** The supernet of a derived space: no genes, fresh weights. */
  network: Pick<Supernet, 'space' | 'step' | 'state' | 'load' | 'recalibrate' | 'validate'>;
  /** Training images whose statistics BatchNorm gets, not augmented; none keeps the moving averages. */
  calibration: NativeBatch[];
  /** Images the network is scored on. */
  validation: NativeBatch[];
  /** Epochs between validations. Default 1. */
  validateEvery?: number;
}

export interface Validation {
  step: number;
  /** Top-1 and top-5 over all validation images, in [0, 1]. */
  accuracy: number;
  top5: number;
  /** Mean cross-entropy. */
  loss: number;
}

/** `result.json` of a retraining. */
export interface RetrainResult {
  kind: 'retrain';
  space: string;
  steps: number;
  seed: number;
  images: number;
  /** After the last step: the weights the network holds, and the last checkpoint. */
  last: Validation;
  /**
   * The best validation of all; its weights are in `checkpoints/best`. It was chosen on the validation images themselves, so
   * it is a little too good: report `last`.
   */
  best: Validation;
  checkpoint: string | null;
  weights: string | null;
}

interface Notes {
  best?: Validation;
}

/**
 * Trains one architecture from scratch (arXiv 1904.00420, section 4) and leaves the BatchNorm statistics of the
 * calibration images in the network.
 *
 * Validations recalibrate too, instead of reading the moving averages of the training steps: with a high learning rate
 * those lag behind the weights, and every number reported is then of the same kind as the last one. Training steps use
 * batch statistics only, so a validation never changes the training.
 *
 * @throws SinglePathError `NON_FINITE_LOSS`, `ABORTED`, `IO`, `INVALID_CHECKPOINT`.
 */
export async function retrain(options: RetrainOptions): Promise<RetrainResult> {
  checkArguments('retrain()', { options });
  const {
    network,
    calibration,
    validation,
    validateEvery = retrainSchema.parse({}).validateEvery,
    recipe,
    run,
    seed,
    parallel,
  } = options;
  checkArguments('retrain()', { network, recipe, batches: calibration });
  // All ranks validate everything; one that is asked to stop tells the others with its next step.
  const signal = parallel === undefined ? options.signal : undefined;

  const validate = async (session: TrainingSession): Promise<{ scored: Validation; images: number }> => {
    if (calibration.length > 0) await network.recalibrate(calibration, [], signal);
    const result = await network.validate(validation, [], signal);
    const scored: Validation = { step: session.state.step, ...accuraciesOf(result) };
    const notes = session.state.notes as Notes;
    session.log('validation', { ...scored });
    run?.summaries.scalars(scored.step, {
      'validation/accuracy': scored.accuracy,
      'validation/top5': scored.top5,
      'validation/loss': scored.loss,
    });
    if (notes.best === undefined || scored.accuracy > notes.best.accuracy) {
      notes.best = scored;
      await run?.checkpoints.save(scored.step, session.state, await network.state(), 'best');
    }
    return { scored, images: result.images };
  };

  let final: { scored: Validation; images: number } | undefined;
  const session = await trainingLoop({
    ...options,
    classes: network.space.classes,
    sampler: { at: () => [] },
    onEpoch: async (present, epochs) => {
      const due = Math.floor(epochs / validateEvery) > Math.floor(present.state.epochs / validateEvery);
      if (due && present.state.step < recipe.steps) await validate(present);
    },
    onFinish: async (present) => {
      final = await validate(present);
    },
  });
  const { scored: last, images } = final!;
  const result: RetrainResult = {
    kind: 'retrain',
    space: network.space.name,
    steps: recipe.steps,
    seed,
    images,
    last,
    best: (session.state.notes as Notes).best ?? last,
    ...session.location,
  };
  await run?.writeResult(result);
  return result;
}
