/** The format of search spaces written in YAML or JSON: docs/spaces.md, "Your own space". */

import { z } from 'zod';
import { ACTIVATIONS } from '../../graph/activations.js';
import { FLOAT_BITS, MAX_BITS } from '../../graph/ops/quantizer.js';

const BITS = `bits from 1 to ${MAX_BITS}, or ${FLOAT_BITS} for float`;

const EXPRESSION = /^\$(in|out|stride|classes)(\s*[*/]\s*\d+(\.\d+)?)?$/;

const value = z
  .union([
    z.int().min(0),
    z.string().regex(EXPRESSION, 'a number, or $in, $out, $stride, $classes (such as $out / 2)'),
  ])
  .describe(
    'A number, or one of the layer: $in, $out, $stride, $classes, optionally "* n" or "/ n", rounded down',
  );

const dimension = z.union([
  value,
  z
    .strictObject({ width: z.union([value, z.array(z.int().positive()).min(1)]) })
    .describe('Chosen by the width gene: a number times the scale, rounded down, or one number per width'),
]);

const init = z
  .enum(['he', 'reciprocal'])
  .describe('Standard deviation: sqrt(2 / fan out), or 1 / weight.shape[1] as in the SPOS code');

const bits = z
  .int()
  .refine((value) => (value >= 1 && value <= MAX_BITS) || value === FLOAT_BITS, BITS)
  .meta({ anyOf: [{ minimum: 1, maximum: MAX_BITS }, { const: FLOAT_BITS }] });

const weights = z
  .strictObject({
    method: z.enum(['dorefa', 'lsq']),
    bits: bits.optional().describe('1 to 8, or 32 for float; absent: chosen by the bits gene'),
  })
  .describe('Quantizes the weights');

const window = {
  kernel: value.optional().describe('Default 1, depthwise 3'),
  stride: value.optional().describe('Default 1'),
  padding: value.optional().describe('Default kernel / 2, rounded down'),
  bias: z.boolean().optional().describe('Default false'),
  init: init.optional().describe('Default he'),
  weights: weights.optional(),
};

const activation = z.enum(ACTIVATIONS);

/** Operations that need no settings. */
const plain = z.enum(['batchNorm', ...ACTIVATIONS, 'averagePool', 'identity']);

/** Ops and ready-made blocks. */
const single = z.strictObject({
  conv2d: z.strictObject({ out: dimension, groups: value.optional(), ...window }).optional(),
  depthwise: z.strictObject(window).optional(),
  batchNorm: z
    .strictObject({
      eps: z.number().positive().optional(),
      momentum: z.number().positive().max(1).optional(),
      affine: z.boolean().optional().describe('Default false: supernets share no scale and shift'),
    })
    .optional(),
  averagePool: z.int().positive().optional().describe('Output size'),
  maxPool: z.strictObject({ kernel: value, stride: value, padding: value.optional() }).optional(),
  dropout: z.number().min(0).lt(1).optional().describe('Probability'),
  linear: z.strictObject({ out: value, bias: z.boolean().optional().describe('Default true') }).optional(),
  channelShuffle: value.optional().describe('Groups'),
  channels: z.enum(['even', 'odd']).optional().describe('Every second channel'),
  slice: z
    .strictObject({ start: value, step: value.optional(), end: value.optional() })
    .optional()
    .describe('A range of channels'),
  split: z
    .strictObject({ parts: value, index: value })
    .optional()
    .describe('One of equal ranges of channels'),
  fakeQuantize: z
    .strictObject({
      method: z.enum(['pact', 'lsq']),
      bits: bits.optional().describe('1 to 8, or 32 for float; absent: chosen by the bits gene'),
    })
    .optional(),
  mbConv: z
    .strictObject({
      kernel: value,
      expansion: z.int().positive(),
      activation: activation.optional().describe('Default relu6'),
      groups: value.optional(),
    })
    .optional()
    .describe('Inverted residual of MobileNetV2 from $in to $out with $stride'),
  shuffleBlock: z
    .strictObject({
      kernel: z.union([z.literal(3), z.literal(5), z.literal(7), z.literal('xception')]),
      mid: dimension.optional().describe('Default $out / 2'),
    })
    .optional()
    .describe('ShuffleNetV2 block of the paper from $in to $out with $stride'),
});

/** One op or block with its settings, or one of three ways to compose operations. */
export type DetailedOperation = z.infer<typeof single> & {
  concat?: Operation[][] | undefined;
  residual?: { main: Operation[]; shortcut?: Operation[] | undefined } | undefined;
  sequential?: { name: string; steps: Operation[] } | undefined;
};
export type Operation = z.infer<typeof plain> | DetailedOperation;

const operations: z.ZodType<Operation[]> = z.lazy(() => z.array(operation));

const detailed = single
  .extend({
    concat: z.array(operations).min(1).optional().describe('Branches on the same input, concatenated'),
    residual: z
      .strictObject({ main: operations, shortcut: operations.optional() })
      .optional()
      .describe('main(x) + shortcut(x); the shortcut is the input unless given'),
    sequential: z
      .strictObject({ name: z.string().regex(/^\w+$/), steps: operations })
      .optional()
      .describe('Names the parameters inside: name.0, name.1, …'),
  })
  .refine((ops) => Object.keys(ops).length === 1, 'exactly one op')
  .meta({ minProperties: 1, maxProperties: 1 });

const operation = z.union([plain, detailed]);

const layer = z
  .strictObject({
    name: z.string().regex(/^\w+$/).optional().describe('Of a layer without choices; names its parameters'),
    steps: operations
      .refine((list) => list.length > 0, 'at least one step')
      .optional()
      .describe('What a layer without choices does'),
    choices: z
      .record(z.string().regex(/^[A-Za-z][\w-]*$/, 'a name that starts with a letter'), operations)
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
  .refine((row) => row.choices === undefined || row.name === undefined, 'no name beside choices');

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
export type Value = z.infer<typeof value>;
export type Dimension = z.infer<typeof dimension>;
export type WeightsOption = z.infer<typeof weights>;

/** JSON Schema of the format, kept in docs/space.schema.json. */
export function spaceJsonSchema(): object {
  return z.toJSONSchema(spaceFileSchema, { io: 'input' });
}
