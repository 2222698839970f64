import { checkArguments } from '../core/check.js';
import type { SearchSpace } from '../space/types.js';
import { type TrainingOptions, trainingLoop } from './loop.js';
import type { TrainableNetwork } from './stepsInFlight.js';

export interface TrainSupernetOptions extends Omit<TrainingOptions, 'network' | 'classes' | 'onFinish'> {
  supernet: TrainableNetwork & { readonly space: SearchSpace };
}

/** `result.json` of a supernet training. */
export interface TrainResult {
  kind: 'train';
  space: string;
  steps: number;
  seed: number;
  /** Mean training loss and accuracy of the paths in the last log interval. */
  loss: number | null;
  accuracy: number | null;
  /** The last checkpoint, relative to the run directory, and the SHA-256 of its weights. */
  checkpoint: string | null;
  weights: string | null;
}

/**
 * Trains the shared weights of a space, one path a step (arXiv 1904.00420, section 3.2). Continues where a resumed
 * run directory stopped. The supernet holds the final weights afterwards.
 *
 * @throws SinglePathError `NON_FINITE_LOSS`, `ABORTED`, `IO`, `INVALID_CHECKPOINT`.
 */
export async function trainSupernet(options: TrainSupernetOptions): Promise<TrainResult> {
  checkArguments('trainSupernet()', { options });
  const { supernet, run, recipe, seed } = options;
  checkArguments('trainSupernet()', { network: supernet, recipe });
  const session = await trainingLoop({ ...options, network: supernet, classes: supernet.space.classes });
  const { last } = session.state;
  const result: TrainResult = {
    kind: 'train',
    space: supernet.space.name,
    steps: recipe.steps,
    seed,
    loss: last?.loss ?? null,
    accuracy: last?.accuracy ?? null,
    ...session.location,
  };
  await run?.writeResult(result);
  return result;
}
