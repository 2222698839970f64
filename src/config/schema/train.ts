import { z } from 'zod';
import { checkMomentum, recipeFields } from './recipe.js';

/** Training of the supernet. */
export const trainSchema = z
  .strictObject({
    ...recipeFields({ steps: 150_000 }),
    sampler: z
      .enum(['uniform', 'strict-fairness', 'constrained', 'flops-bins'])
      .default('uniform')
      .describe(
        'How paths are drawn: uniform; strict-fairness (each choice once in every group of steps); constrained ' +
          '(uniform among architectures that meet constraints); flops-bins (the released code: a MAdds bin, then a path)',
      ),
    constraints: z
      .array(z.string())
      .default([])
      .describe('Constraints of the constrained sampler, such as madds<=330M'),
    flopsBins: z
      .strictObject({
        from: z.number().min(0).default(290e6).describe('Lower end of the first bin, MAdds'),
        to: z.number().positive().default(360e6).describe('Upper end of the last bin, MAdds'),
        bins: z.int().positive().default(7).describe('Number of bins of equal width'),
      })
      .prefault({})
      .describe('Bins of the flops-bins sampler'),
    widthWarmup: z
      .strictObject({
        holdSteps: z
          .int()
          .min(0)
          .default(0)
          .describe('Number of first steps in which only the widest width is trained'),
        widenSteps: z
          .int()
          .min(0)
          .default(0)
          .describe(
            'Number of steps after those, over which the other widths are added, from wide to narrow',
          ),
      })
      .prefault({})
      .describe(
        'For channel search: training all widths from the start diverges, so they are added one by one, from the widest to the narrowest',
      ),
  })
  .refine((train) => train.sampler !== 'constrained' || train.constraints.length > 0, {
    error: 'at least one constraint, as the sampler is constrained,',
    path: ['constraints'],
  })
  .superRefine(checkMomentum);
export type TrainConfig = z.infer<typeof trainSchema>;

/** Training of one architecture from scratch. */
export const retrainSchema = z
  .strictObject({
    ...recipeFields({ steps: 300_000 }),
    validateEvery: z
      .int()
      .positive()
      .default(1)
      .describe('Number of epochs between validations on the test images'),
    calibrationImages: z
      .int()
      .min(0)
      .default(20_000)
      .describe(
        'Training images whose BatchNorm statistics, over all of them, end the training; 0 keeps the moving averages',
      ),
  })
  .superRefine(checkMomentum);
export type RetrainConfig = z.infer<typeof retrainSchema>;
