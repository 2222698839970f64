/**
 * Words to write a network in, so that a block reads like its row in the paper. A {@link Module} appends nodes to a
 * graph; names follow PyTorch's `nn.Module` paths, so that state_dicts of the same network match.
 */

import { checkArguments } from '../core/check.js';
import type { Graph, GraphNode } from './graph.js';
import { type Activation, activation } from './node/activations.js';
import { append, below, ending, type Module, shared, single } from './node/module.js';
import type { Dim, NodeBase, WeightInit } from './node/types.js';
import type { Conv2dNode } from './ops/conv2d.js';
import type { FeatureQuantizerMethod } from './ops/quantizer.js';

export * from './node/activations.js';
export type { Module } from './node/module.js';

/** Builds the graph of `module` under `path`; with `exclusive` a single op is named by the path itself. */
export function buildGraph(path: string, module: Module, exclusive = false): Graph {
  checkArguments('buildGraph()', { text: path, module });
  const nodes: NodeBase[] = [];
  ending(path, () => module({ nodes, names: new Set(), path, exclusive }, 0));
  return { nodes: nodes as GraphNode[] };
}

// Composition

/** Runs modules one after another. */
export const pipe =
  (...modules: Module[]): Module =>
  (scope, input) =>
    modules.reduce((value, module) => module(shared(scope), value), input);

/** Gives a module a name of its own below the current path. */
export const named =
  (name: string, module: Module): Module =>
  (scope, input) =>
    module(below(scope, name), input);

/** `nn.Sequential` in the current path: modules are named 0, 1, 2, … */
export const indexed = (...modules: Module[]): Module =>
  pipe(...modules.map((module, index) => named(String(index), module)));

/** `nn.Sequential` called `name`: `main.0`, `main.1`, … */
export const sequential = (name: string, ...modules: Module[]): Module => named(name, indexed(...modules));

/** Branches that see the same input, concatenated along channels in the order given. */
export const concat =
  (...branches: Module[]): Module =>
  (scope, input) => {
    const inputs = branches.map((branch) => branch(shared(scope), input));
    return append(shared(scope), { op: 'concat', inputs });
  };

/** `main(x) + shortcut(x)`; the shortcut is the input itself unless given. */
export const residual =
  (main: Module, shortcut: Module = identity): Module =>
  (scope, input) => {
    const inputs = [main(shared(scope), input), shortcut(shared(scope), input)];
    return append(shared(scope), { op: 'add', inputs });
  };

/** `x * gate(x)`: the gate yields x's shape, or one pixel that counts for all. */
export const gated =
  (gate: Module): Module =>
  (scope, input) =>
    append(shared(scope), { op: 'multiply', inputs: [input, gate(shared(scope), input)] });

/** Nothing: the output is the input. */
export const identity: Module = (_scope, input) => input;

// Ops; those of activations are in activations.ts

type WithoutPlace<T> = T extends GraphNode ? Omit<T, 'name' | 'inputs'> : never;
const op = (node: WithoutPlace<GraphNode>): Module => single(node);

/** How convolutions start unless the space says otherwise, in TypeScript and in space files: He et al., 1502.01852. */
export const CONV_INIT: WeightInit = 'he';

export interface Conv2dOptions {
  out: Dim;
  /** Default 1. */
  kernel?: number;
  /** Default 1. */
  stride?: number;
  /** Default kernel / 2, rounded down: keeps the size at stride 1. */
  padding?: number;
  groups?: number;
  bias?: boolean;
  /** Default {@link CONV_INIT}. */
  init?: WeightInit;
  weightQuantizer?: NonNullable<Conv2dNode['weightQuantizer']>;
}

export function conv2d(options: Conv2dOptions): Module {
  checkArguments('conv2d()', { options });
  checkArguments('the channels of conv2d()', { dim: options.out });
  const { kernel = 1, stride = 1, padding = kernel >> 1, groups = 1, bias = false, init, ...rest } = options;
  return op({ op: 'conv2d', kernel, stride, padding, groups, bias, ...startOf(init), ...rest });
}

/** A node without `init` means `reciprocal`. */
const startOf = (init: WeightInit = CONV_INIT) => (init === 'reciprocal' ? {} : { init });

/** One filter per channel; keeps the number of channels. */
export function depthwise(options: Omit<Conv2dOptions, 'out' | 'groups'>): Module {
  checkArguments('depthwise()', { options });
  const { kernel = 3, stride = 1, padding = kernel >> 1, bias = false, init, ...rest } = options;
  return op({ op: 'conv2d', kernel, stride, padding, groups: 'depthwise', bias, ...startOf(init), ...rest });
}

/** BatchNorm with PyTorch's eps and momentum; not affine, as in supernets (`deriveSubnet` makes it affine). */
export function batchNorm(
  options: {
    affine?: boolean;
    init?: { weight: number; bias: number };
    eps?: number;
    momentum?: number;
  } = {},
): Module {
  checkArguments('batchNorm()', { options });
  const { affine = false, eps = 1e-5, momentum = 0.1, init } = options;
  return op({ op: 'batchNorm', eps, momentum, affine, ...(init && { init }) });
}

export const channelShuffle = (groups: number): Module => op({ op: 'channelShuffle', groups });

/** Every second channel, from 0 (`even`) or from 1 (`odd`). */
export const channels = (which: 'even' | 'odd'): Module =>
  op({ op: 'slice', start: which === 'even' ? 0 : 1, step: 2 });

export const slice = (start: number, step = 1, end?: number): Module =>
  op({ op: 'slice', start, step, ...(end !== undefined && { end }) });

export const split = (parts: number, index: number): Module => op({ op: 'split', parts, index });

export const averagePool = (size = 1): Module => op({ op: 'adaptiveAveragePool', size });

export const maxPool = (kernel: number, stride: number, padding = 0): Module =>
  op({ op: 'maxPool', kernel, stride, padding });

export const dropout = (p: number): Module => op({ op: 'dropout', p });

export function linear(options: { out: number; bias?: boolean; init?: WeightInit }): Module {
  checkArguments('linear()', { options });
  const { bias = true, ...rest } = options;
  return op({ op: 'linear', bias, ...rest });
}

export const fakeQuantize = (method: FeatureQuantizerMethod, bits: Dim): Module =>
  op({ op: 'fakeQuantize', method, bits });

// Blocks

export interface SqueezeExciteOptions {
  /** Channels of the input and the output. */
  channels: Dim;
  /** Channels between the two convolutions. Default: a quarter of `channels`, rounded to a multiple of 8. */
  squeeze?: Dim;
  /** Behind the first convolution. Default `relu`. */
  activation?: Activation;
  /** Behind the second: weights the channels. Default `hsigmoid`, as in MobileNetV3. */
  gate?: Activation;
  /** Default `he`. */
  init?: WeightInit;
}

/**
 * Squeeze-and-excite (arXiv 1709.01507): pool, 1x1 convolution, activation, 1x1 convolution, gate; the input's channels
 * times that. Parameters are `fc1.*` and `fc2.*`, as in torchvision.
 */
export function squeezeExcite(options: SqueezeExciteOptions): Module {
  checkArguments('squeezeExcite()', { options });
  checkArguments('the channels of squeezeExcite()', { dim: options.channels });
  const { channels, squeeze = quarter(channels), activation: act = 'relu', gate = 'hsigmoid' } = options;
  const { init = 'he' } = options;
  return gated(
    pipe(
      averagePool(),
      named('fc1', conv2d({ out: squeeze, bias: true, init })),
      activation(act),
      named('fc2', conv2d({ out: channels, bias: true, init })),
      activation(gate),
    ),
  );
}

function quarter(channels: Dim): Dim {
  if (typeof channels === 'number') return divisible(channels / 4);
  return { ...channels, values: channels.values.map((value) => divisible(value / 4)) };
}

/** The nearest multiple of 8, at least 8, and not below 90 % of the value: MobileNet's rounding of widths. */
export function divisible(value: number): number {
  const rounded = Math.max(8, Math.floor((value + 4) / 8) * 8);
  return rounded < 0.9 * value ? rounded + 8 : rounded;
}
