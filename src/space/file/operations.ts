import { SinglePathError } from '../../core/errors.js';
import * as nn from '../../graph/build.js';
import type { Dim } from '../../graph/types.js';
import type { Pick } from '../define.js';
import { mbConv } from '../spaces/blocks.js';
import { shuffleBlock } from '../spaces/shufflenetV2.js';
import type { DetailedOperation, Dimension, Operation, Value } from './schema.js';

/** What expressions of a layer mean, and the genes it has. */
export interface Context {
  in: number;
  out: number;
  stride: number;
  classes: number;
  width?: { scales: readonly number[]; pick: Pick } | undefined;
  bits?: { pairs: readonly (readonly [number, number])[]; pick: Pick } | undefined;
}

/** Turns the operations of a space file into modules. @throws SinglePathError `INVALID_SPACE` for a missing gene. */
export function modulesOf(operations: readonly Operation[], context: Context): nn.Module[] {
  return operations.map((operation) =>
    typeof operation === 'string' ? plain(operation) : moduleOf(operation, context),
  );
}

const PLAIN: Record<Exclude<Extract<Operation, string>, nn.Activation>, () => nn.Module> = {
  batchNorm: () => nn.batchNorm(),
  averagePool: () => nn.averagePool(),
  identity: () => nn.identity,
};

function plain(operation: Extract<Operation, string>): nn.Module {
  return operation in PLAIN
    ? PLAIN[operation as keyof typeof PLAIN]()
    : nn.activation(operation as nn.Activation);
}

type Builders = {
  [Name in keyof DetailedOperation]-?: (
    options: NonNullable<DetailedOperation[Name]>,
    context: Context,
  ) => nn.Module;
};

const BUILDERS: Builders = {
  conv2d: ({ out, groups, ...window }, context) =>
    nn.conv2d({
      out: dimensionOf(out, context),
      ...(groups !== undefined && { groups: numberOf(groups, context) }),
      ...windowOf(window, context),
    }),
  depthwise: (window, context) => nn.depthwise(windowOf(window, context)),
  batchNorm: (options) => nn.batchNorm(defined(options)),
  averagePool: (size) => nn.averagePool(size),
  maxPool: ({ kernel, stride, padding = 0 }, context) =>
    nn.maxPool(numberOf(kernel, context), numberOf(stride, context), numberOf(padding, context)),
  dropout: (p) => nn.dropout(p),
  linear: ({ out, bias = true }, context) => nn.linear({ out: numberOf(out, context), bias }),
  channelShuffle: (groups, context) => nn.channelShuffle(numberOf(groups, context)),
  channels: (which) => nn.channels(which),
  slice: ({ start, step = 1, end }, context) =>
    nn.slice(
      numberOf(start, context),
      numberOf(step, context),
      end === undefined ? undefined : numberOf(end, context),
    ),
  split: ({ parts, index }, context) => nn.split(numberOf(parts, context), numberOf(index, context)),
  fakeQuantize: ({ method, bits }, context) => nn.fakeQuantize(method, bitsOf(bits, 1, context)),
  concat: (branches, context) =>
    nn.concat(...branches.map((branch) => nn.indexed(...modulesOf(branch, context)))),
  residual: ({ main, shortcut }, context) =>
    nn.residual(
      nn.sequential('main', ...modulesOf(main, context)),
      shortcut && nn.sequential('shortcut', ...modulesOf(shortcut, context)),
    ),
  sequential: ({ name, steps }, context) => nn.sequential(name, ...modulesOf(steps, context)),
  mbConv: ({ kernel, expansion, activation = 'relu6', groups = 1 }, context) =>
    mbConv({
      ...placeOf(context),
      kernel: numberOf(kernel, context),
      expansion,
      activation,
      groups: numberOf(groups, context),
    }),
  shuffleBlock: ({ kernel, mid = '$out / 2' }, context) =>
    shuffleBlock(placeOf(context), dimensionOf(mid, context), kernel),
};

function moduleOf(operation: DetailedOperation, context: Context): nn.Module {
  const [name, options] = Object.entries(operation)[0] as [keyof DetailedOperation, never];
  return (BUILDERS[name] as (options: never, context: Context) => nn.Module)(options, context);
}

const placeOf = (context: Context) => ({ input: context.in, output: context.out, stride: context.stride });

/** A number, or `$name`, `$name * n`, `$name / n` rounded down. */
export function numberOf(value: Value, context: Context): number {
  if (typeof value === 'number') return value;
  const [, name, operator, factor] = /^\$(\w+)(?:\s*([*/])\s*([\d.]+))?$/.exec(value)!;
  const base = context[name as 'in' | 'out' | 'stride' | 'classes'];
  if (operator === undefined) return base;
  return Math.floor(operator === '*' ? base * Number(factor) : base / Number(factor));
}

function dimensionOf(dimension: Dimension, context: Context): Dim {
  if (typeof dimension !== 'object') return numberOf(dimension, context);
  const { width } = dimension;
  if (!context.width) throw missing('widths');
  const { scales, pick } = context.width;
  if (Array.isArray(width)) {
    if (width.length === scales.length) return pick(width);
    throw new SinglePathError(
      'INVALID_SPACE',
      `Expected ${scales.length} numbers, one per width of the layer, but received ${width.length}`,
    );
  }
  const base = numberOf(width, context);
  return pick(scales.map((scale) => Math.trunc(base * scale)));
}

/** Given bits, or those of the layer's gene: 0 of the pair for weights, 1 for features. */
function bitsOf(bits: number | undefined, which: 0 | 1, context: Context): Dim {
  if (bits !== undefined) return bits;
  if (!context.bits) throw missing('bits');
  return context.bits.pick(context.bits.pairs.map((pair) => pair[which]));
}

type WindowOptions = NonNullable<DetailedOperation['depthwise']>;

function windowOf({ kernel, stride, padding, bias, init = 'he', weights }: WindowOptions, context: Context) {
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

function missing(gene: 'widths' | 'bits'): SinglePathError {
  return new SinglePathError(
    'INVALID_SPACE',
    `Expected the layer to have '${gene}', which one of its operations refers to`,
    {
      hint: gene === 'bits' ? 'for example bits: [[2, 2], [4, 4]]' : 'for example widths: [0.5, 1]',
    },
  );
}
