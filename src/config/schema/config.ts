import { z } from 'zod';
import { dataSchema } from './data.js';
import { distributedSchema } from './distributed.js';
import { exportSchema } from './export.js';
import { latencySchema } from './latency.js';
import { runtimeSchema } from './runtime.js';
import { evaluateSchema, searchSchema } from './search.js';
import { spaceSchema } from './space.js';
import { retrainSchema, trainSchema } from './train.js';

/**
 * The whole configuration: the one place where defaults live. `singlepath config show` prints it with these
 * comments, docs/config.schema.json is made from it.
 */
export const configSchema = z.strictObject({
  seed: z
    .int()
    .min(0)
    .default(0)
    .describe('The number that decides all randomness: first weights, paths, batches, augmentation, search'),
  space: spaceSchema.prefault({}).describe('The search space'),
  data: dataSchema.prefault({}).describe('The images, and how training images are varied'),
  runtime: runtimeSchema.prefault({}).describe('The device, kernels and threads that compute'),
  distributed: distributedSchema
    .prefault({})
    .describe('Several processes that work together (docs/distributed.md)'),
  train: trainSchema.prefault({}).describe('Training of the supernet'),
  evaluate: evaluateSchema.prefault({}).describe('How candidates are scored with inherited weights'),
  search: searchSchema.prefault({}).describe('Which architectures the search tries'),
  retrain: retrainSchema.prefault({}).describe('Training of one architecture from scratch'),
  latency: latencySchema
    .prefault({})
    .describe('How networks are deployed, and how their latency is measured'),
  export: exportSchema.prefault({}).describe('The files of an exported network'),
});

/** A complete configuration, defaults filled in. */
export type Config = z.infer<typeof configSchema>;

/** JSON Schema of a configuration file, for editors (docs/config.schema.json). */
export function configJsonSchema(): object {
  return {
    ...z.toJSONSchema(configSchema, { io: 'input', target: 'draft-7' }),
    title: 'singlepath configuration',
  };
}
