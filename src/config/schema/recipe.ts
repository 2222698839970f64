import { z } from 'zod';

/** What differs between training a supernet and retraining one network (arXiv 1904.00420, section 4). */
export interface RecipeDefaults {
  steps: number;
}

/** Images a step, and the learning rate for them, of the paper (section 4). */
const PAPER = { images: 1024, learningRate: 0.5 };

/** The largest learning rate: the one given, or the paper's scaled linearly to the images of a step (arXiv 1706.02677). */
export function learningRateOf(recipe: {
  learningRate: number | null;
  batchSize: number;
  accumulate: number;
}): number {
  const { learningRate, batchSize, accumulate } = recipe;
  return learningRate ?? (PAPER.learningRate * batchSize * accumulate) / PAPER.images;
}

/** How weights are trained: the part `train` and `retrain` share. Defaults are the paper's for ImageNet. */
export function recipeFields(defaults: RecipeDefaults) {
  return {
    steps: z
      .int()
      .positive()
      .default(defaults.steps)
      .describe('Steps of the optimizer. They are ignored where epochs is given'),
    epochs: z
      .number()
      .positive()
      .nullable()
      .default(null)
      .describe('Passes over the training images; with null, steps says how long the training is'),
    batchSize: z.int().positive().default(1024).describe('Images in one forward and backward pass'),
    accumulate: z
      .int()
      .positive()
      .default(1)
      .describe('Batches whose gradients are added up for one step of the optimizer'),
    learningRate: z
      .number()
      .positive()
      .nullable()
      .default(null)
      .describe(
        'Largest learning rate; null scales the 0.5 of the paper, which is for 1024 images a step, to batchSize * accumulate',
      ),
    schedule: z
      .enum(['linear', 'cosine', 'constant'])
      .default('linear')
      .describe('How the learning rate falls to 0 after the warm-up'),
    warmupSteps: z
      .int()
      .min(0)
      .default(0)
      .describe('Number of first steps in which the learning rate rises linearly from 0'),
    momentum: z.number().min(0).lt(1).default(0.9).describe('Momentum of SGD'),
    nesterov: z.boolean().default(false).describe('Use Nesterov momentum; momentum has to be above 0'),
    weightDecay: z
      .number()
      .min(0)
      .default(4e-5)
      .describe('L2 decay of weights with more than one dimension; biases and BatchNorm have none'),
    labelSmoothing: z
      .number()
      .min(0)
      .lt(1)
      .default(0.1)
      .describe('Share of the target that is spread over all classes in the cross-entropy'),
    clipGradientNorm: z
      .number()
      .min(0)
      .default(0)
      .describe('Largest norm that the gradient of a path may have; 0 switches clipping off'),
    checkpointEvery: z.int().positive().default(1000).describe('Number of steps between checkpoints'),
    logEvery: z
      .int()
      .positive()
      .default(50)
      .describe('Number of steps between events in events.jsonl and points in TensorBoard'),
  };
}

/** Nesterov momentum looks ahead along the momentum: with none it would be plain SGD. */
export function checkMomentum(
  { nesterov, momentum }: { nesterov: boolean; momentum: number },
  context: z.RefinementCtx,
): void {
  if (!nesterov || momentum > 0) return;
  context.addIssue({ code: 'custom', path: ['momentum'], message: 'a number > 0, as nesterov is true,' });
}
