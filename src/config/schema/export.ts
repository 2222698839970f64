import { z } from 'zod';

/** What an exported network is written as, and how its numbers are checked. */
export const exportSchema = z.strictObject({
  directory: z
    .string()
    .nullable()
    .default(null)
    .describe('Folder the files go to; null is export/ in the run directory'),
  parityImages: z
    .int()
    .positive()
    .default(64)
    .describe('Test images on which the exported network must give the same logits'),
  tolerance: z
    .number()
    .positive()
    .default(1e-4)
    .describe('Largest difference allowed, relative to the largest logit'),
});
export type ExportConfig = z.infer<typeof exportSchema>;
