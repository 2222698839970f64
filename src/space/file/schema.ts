/** The format of search spaces written in YAML or JSON: docs/spaces.md, "Your own space". */

import { z } from 'zod';
import { ACTIVATIONS } from '../../graph/node/activations.js';
import { operations } from './operations.js';
import { bits } from './values.js';

/** Operations that need no settings. */
const plain = z.enum(['batchNorm', ...ACTIVATIONS, 'averagePool', 'identity']);

/** Ops and ready-made blocks. */
const single = z.strictObject(
  Object.fromEntries(Object.entries(operations).map(([name, { schema }]) => [name, schema.optional()])) as {
    [Name in keyof typeof operations]: z.ZodOptional<(typeof operations)[Name]['schema']>;
  },
);

/** One op or block with its settings, or one of three ways to compose operations. */
export type DetailedOperation = z.infer<typeof single> & {
  concat?: Operation[][] | undefined;
  residual?: { main: Operation[]; shortcut?: Operation[] | undefined } | undefined;
  sequential?: { name: string; steps: Operation[] } | undefined;
};
export type Operation = z.infer<typeof plain> | DetailedOperation;

const steps: z.ZodType<Operation[]> = z.lazy(() => z.array(operation));

const detailed = single
  .extend({
    concat: z.array(steps).min(1).optional().describe('Branches on the same input, concatenated'),
    residual: z
      .strictObject({ main: steps, shortcut: steps.optional().describe('Default the input') })
      .optional()
      .describe('main(x) + shortcut(x)'),
    sequential: z
      .strictObject({ name: z.string().regex(/^\w+$/), steps })
      .optional()
      .describe('Names the parameters inside: name.0, name.1, …'),
  })
  .refine((ops) => Object.keys(ops).length === 1, 'exactly one op')
  .meta({ minProperties: 1, maxProperties: 1 });

const operation = z.union([plain, detailed]);

/** JSON Schema of every operation with settings, by name. */
export function operationSchemas(): Record<string, object> {
  const { properties } = z.toJSONSchema(detailed, { io: 'input' });
  return properties as Record<string, object>;
}

/** Operations that may stand without settings. */
export const PLAIN_OPERATIONS: readonly string[] = plain.options;

const layer = z
  .strictObject({
    name: z.string().regex(/^\w+$/).optional().describe('Of a layer without choices; names its parameters'),
    steps: steps
      .refine((list) => list.length > 0, 'at least one step')
      .optional()
      .describe('What a layer without choices does'),
    choices: z
      .record(z.string().regex(/^[A-Za-z][\w-]*$/, 'a name that starts with a letter'), steps)
      .refine((choices) => Object.keys(choices).length > 0, 'at least one choice')
      .optional()
      .describe('Alternatives by name; the block gene chooses one'),
    repeat: z.int().positive().max(1000).optional().describe('So many choice layers in a row. Default 1'),
    out: z.int().positive().optional().describe('$out of the choices. Default $in'),
    stride: z.int().positive().optional().describe('$stride of the first of the repeats. Default 1'),
    widths: z
      .array(z.number().positive())
      .min(1)
      .optional()
      .describe('Width gene: scales that "width" dimensions follow'),
    bits: z
      .array(z.tuple([bits, bits]))
      .min(1)
      .optional()
      .describe('Bits gene: pairs of weight bits and feature bits'),
  })
  .refine((row) => (row.steps === undefined) !== (row.choices === undefined), 'either steps or choices')
  .refine((row) => row.steps === undefined || row.name !== undefined, 'a name beside steps')
  .refine((row) => row.choices === undefined || row.name === undefined, 'no name beside choices')
  .refine(
    ({ steps, widths, bits }) => steps === undefined || (widths ?? bits) === undefined,
    'widths and bits only beside choices',
  );

export const spaceFileSchema = z.strictObject({
  name: z.string().regex(/^[\w.-]+$/, 'letters, digits, - _ .'),
  input: z.strictObject({
    channels: z.int().positive().default(3),
    size: z.int().positive().describe('Height = width of the images'),
  }),
  classes: z.int().min(2),
  layers: z.array(layer).min(1),
});

export type SpaceFile = z.infer<typeof spaceFileSchema>;
export type LayerRow = z.infer<typeof layer>;

/** JSON Schema of the format, kept in docs/space.schema.json. */
export function spaceJsonSchema(): object {
  return z.toJSONSchema(spaceFileSchema, { io: 'input' });
}
