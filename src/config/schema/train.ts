import { z } from 'zod';
import { recipeFields } from './recipe.js';

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
        holdSteps: z.int().min(0).default(0).describe('Steps in which only the widest width runs'),
        widenSteps: z
          .int()
          .min(0)
          .default(0)
          .describe('Steps after those, over which the others open downwards'),
      })
      .prefault({})
      .describe(
        'Channel search: training all widths from scratch diverges, so they open from the widest down',
      ),
  })
  .refine((train) => train.sampler !== 'constrained' || train.constraints.length > 0, {
    error: 'at least one constraint, as the sampler is constrained,',
    path: ['constraints'],
  });
export type TrainConfig = z.infer<typeof trainSchema>;

/** Training of one architecture from scratch. */
export const retrainSchema = z.strictObject({
  ...recipeFields({ steps: 300_000 }),
  validateEvery: z.int().positive().default(1).describe('Epochs between validations on the test images'),
  calibrationImages: z
    .int()
    .min(0)
    .default(20_000)
    .describe(
      'Training images whose BatchNorm statistics, over all of them, end the training; 0 keeps the moving averages',
    ),
});
export type RetrainConfig = z.infer<typeof retrainSchema>;
