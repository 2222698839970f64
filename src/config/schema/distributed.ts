import { z } from 'zod';

/** Several processes that train or search together. */
export const distributedSchema = z.strictObject({
  timeout: z
    .number()
    .positive()
    .default(300)
    .describe(
      'Seconds after which a process that does not answer counts as lost; writing a checkpoint has to take less',
    ),
  connectTimeout: z
    .number()
    .positive()
    .default(60)
    .describe('Seconds in which all processes have to be there'),
  reproducible: z
    .boolean()
    .default(false)
    .describe(
      'The same result, bit for bit, for 1, 2, 4, ... processes: the batch is always cut into `shards`, whose gradients are added up as a tree',
    ),
  shards: z
    .int()
    .positive()
    .refine((shards) => Number.isInteger(Math.log2(shards)), { error: 'a power of two' })
    .default(8)
    .describe(
      'With reproducible: parts of a batch, each with BatchNorm statistics of its own; a power of two, and at least the number of processes',
    ),
});
export type DistributedConfig = z.infer<typeof distributedSchema>;
