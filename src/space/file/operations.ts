/**
 * The table of operations of space files. A row is what may be written under the name, and the module it becomes. What
 * composes other operations is in compose.ts; words without settings are in schema.ts.
 */

import { z } from 'zod';
import * as nn from '../../graph/build.js';
import { ACTIVATIONS } from '../../graph/node/activations.js';
import { MB_CONV_ACTIVATION, mbConv } from '../spaces/blocks.js';
import { shuffleBlock } from '../spaces/shufflenetV2.js';
import { bits, bitsOf, type Context, dimension, dimensionOf, numberOf, type Value, value } from './values.js';

const init = z
  .enum(['he', 'reciprocal'])
  .describe('Standard deviation: sqrt(2 / fan out), or 1 / weight.shape[1] as in the SPOS code');

const weights = z
  .strictObject({
    method: z.enum(['dorefa', 'lsq']),
    bits: bits.optional().describe('Default what the bits gene chooses; 1 to 8, or 32 for float'),
  })
  .describe('Quantizes the weights');

const window = (kernel: number) => ({
  kernel: value.optional().describe(`Default ${kernel}`),
  stride: value.optional().describe('Default 1'),
  padding: value.optional().describe('Default kernel / 2, rounded down'),
  bias: z.boolean().optional().describe('Default false'),
  init: init.optional().describe(`Default ${nn.CONV_INIT}`),
  weights: weights.optional().describe('Default float'),
});

const activation = z.enum(ACTIVATIONS);

function row<Schema extends z.ZodType>(
  schema: Schema,
  build: (options: z.infer<Schema>, context: Context) => nn.Module,
) {
  return { schema, build };
}

/** Ops and ready-made blocks. */
export const operations = {
  conv2d: row(
    z
      .strictObject({ out: dimension, ...window(1), groups: value.optional().describe('Default 1') })
      .describe('Convolution'),
    ({ out, groups, ...window }, context) =>
      nn.conv2d({
        out: dimensionOf(out, context),
        ...(groups !== undefined && { groups: numberOf(groups, context) }),
        ...windowOf(window, context),
      }),
  ),
  depthwise: row(
    z.strictObject(window(3)).describe('Convolution with one filter per channel'),
    (window, context) => nn.depthwise(windowOf(window, context)),
  ),
  batchNorm: row(
    z
      .strictObject({
        eps: z.number().positive().optional().describe('Default 0.00001'),
        momentum: z.number().positive().max(1).optional().describe('Default 0.1'),
        affine: z.boolean().optional().describe('Default false: supernets share no scale and shift'),
      })
      .describe('Normalizes each channel over the batch'),
    (options) => nn.batchNorm(defined(options)),
  ),
  averagePool: row(
    z.int().positive().describe('Adaptive average pooling to this size; without a value to 1'),
    (size) => nn.averagePool(size),
  ),
  maxPool: row(
    z
      .strictObject({ kernel: value, stride: value, padding: value.optional().describe('Default 0') })
      .describe('Largest value of each window'),
    ({ kernel, stride, padding = 0 }, context) =>
      nn.maxPool(numberOf(kernel, context), numberOf(stride, context), numberOf(padding, context)),
  ),
  dropout: row(z.number().min(0).lt(1).describe('Zeroes values with this probability in training'), (p) =>
    nn.dropout(p),
  ),
  linear: row(
    z
      .strictObject({ out: value, bias: z.boolean().optional().describe('Default true') })
      .describe('Fully connected layer on the flattened input; weights start as N(0, 0.01)'),
    ({ out, bias = true }, context) => nn.linear({ out: numberOf(out, context), bias }),
  ),
  channelShuffle: row(value.describe('Channel shuffle with so many groups'), (groups, context) =>
    nn.channelShuffle(numberOf(groups, context)),
  ),
  channels: row(z.enum(['even', 'odd']).describe('Every second channel'), (which) => nn.channels(which)),
  slice: row(
    z
      .strictObject({
        start: value,
        step: value.optional().describe('Default 1'),
        end: value.optional().describe('Default the number of channels'),
      })
      .describe('A range of channels'),
    ({ start, step = 1, end }, context) =>
      nn.slice(
        numberOf(start, context),
        numberOf(step, context),
        end === undefined ? undefined : numberOf(end, context),
      ),
  ),
  split: row(
    z.strictObject({ parts: value, index: value }).describe('One of equal ranges of channels'),
    ({ parts, index }, context) => nn.split(numberOf(parts, context), numberOf(index, context)),
  ),
  fakeQuantize: row(
    z
      .strictObject({
        method: z.enum(['pact', 'lsq']),
        bits: bits.optional().describe('Default what the bits gene chooses; 1 to 8, or 32 for float'),
      })
      .describe('Quantizes features, unsigned: put it after a ReLU'),
    ({ method, bits }, context) => nn.fakeQuantize(method, bitsOf(bits, 1, context)),
  ),
  squeezeExcite: row(
    z
      .strictObject({
        channels: dimension,
        squeeze: dimension.optional().describe('Default channels / 4, rounded to a multiple of 8'),
        activation: activation.optional().describe('Default relu'),
        gate: activation.optional().describe('Default hsigmoid'),
      })
      .describe('Weights the channels of its input by what the whole image has in them'),
    ({ channels, squeeze, activation, gate }, context) =>
      nn.squeezeExcite({
        channels: dimensionOf(channels, context),
        ...(squeeze !== undefined && { squeeze: dimensionOf(squeeze, context) }),
        ...defined({ activation, gate }),
      }),
  ),
  mbConv: row(
    z
      .strictObject({
        kernel: value,
        expansion: z.int().positive(),
        activation: activation.optional().describe(`Default ${MB_CONV_ACTIVATION}`),
        groups: value.optional().describe('Default 1'),
        squeezeExcite: z.boolean().optional().describe('Default false; behind the depthwise convolution'),
      })
      .describe('Inverted residual of MobileNetV2 from $in to $out with $stride'),
    ({ kernel, expansion, activation, groups, squeezeExcite }, context) =>
      mbConv({
        ...placeOf(context),
        kernel: numberOf(kernel, context),
        expansion,
        ...defined({ activation, squeezeExcite }),
        ...(groups !== undefined && { groups: numberOf(groups, context) }),
      }),
  ),
  shuffleBlock: row(
    z
      .strictObject({
        kernel: z.union([z.literal(3), z.literal(5), z.literal(7), z.literal('xception')]),
        mid: dimension.optional().describe('Default $out / 2'),
      })
      .describe('ShuffleNetV2 block of the paper from $in to $out with $stride'),
    ({ kernel, mid = '$out / 2' }, context) =>
      shuffleBlock(placeOf(context), dimensionOf(mid, context), kernel),
  ),
};

const placeOf = (context: Context) => ({ input: context.in, output: context.out, stride: context.stride });

type WindowOptions = z.infer<z.ZodObject<ReturnType<typeof window>>>;

function windowOf({ kernel, stride, padding, bias, init, weights }: WindowOptions, context: Context) {
  const value = (v: Value | undefined) => (v === undefined ? undefined : numberOf(v, context));
  const quantizer = weights && { method: weights.method, bits: bitsOf(weights.bits, 0, context) };
  return defined({
    kernel: value(kernel),
    stride: value(stride),
    padding: value(padding),
    bias,
    init,
    weightQuantizer: quantizer,
  });
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Without the keys whose value is undefined. */
function defined<T extends object>(options: T): Partial<Defined<T>> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<
    Defined<T>
  >;
}
