import { SinglePathError } from '../../core/errors.js';
import type { OnnxGraph, OnnxParameter } from '../node/onnx.js';
import type {
  Dim,
  Initializer,
  NodeBase,
  ParameterSpec,
  Shape,
  WeightInit,
  WeightStart,
} from '../node/types.js';

/** Value of a dimension for the architecture (or combination of genes) being walked. */
export type DimReader = (dim: Dim) => number;

/** What one node costs for one image. */
export interface Cost {
  /** Multiply-adds of convolutions and linear layers; BatchNorm, ReLU, pooling, bias, shuffle count 0. */
  madds: number;
  /** Weights, biases and BatchNorm's scale and shift of the retrained network (2C even where not affine). */
  params: number;
  /** Sum of multiply-adds x weight bits x feature bits over quantized convolutions; float layers count 0. */
  bitops: number;
  /** Elements of the outputs of convolutions and linear layers ("activations" of arXiv 2003.13678, fvcore). */
  activations: number;
  /** Size of the retrained network: weights of quantized convolutions at their bits, all other parameters at 32. */
  weightbits: number;
}

export interface CostContext {
  input: Shape;
  output: Shape;
  read: DimReader;
  /** Bits of the node's input: those of the fakeQuantize node that its values come from, else 32. */
  featureBits: number;
}

export interface ScriptContext {
  /** TorchScript expressions of the inputs. */
  inputs: readonly string[];
  /** Shape of the first input, and of the output. */
  input: Shape;
  output: Shape;
  /** Dimensions are fixed: exported networks have no genes. */
  read: DimReader;
}

/** An op in TorchScript. */
export interface Script {
  /** Expression of the output, in terms of {@link ScriptContext.inputs}. */
  value: string;
  /** Statements before it. */
  lines?: string[];
  /**
   * Ops with parameters are modules of their own, as in `torch.nn`: the class name people see. Parameters are
   * `self.weight`, `self.bias`, …, and the first input is `x`.
   */
  module?: string;
}

/** What BatchNorm does with given statistics, per channel: y = scale * x + shift. */
export interface ScaleAndShift {
  scale: Float64Array;
  shift: Float64Array;
}

export interface OnnxContext {
  graph: OnnxGraph;
  /** Names of the inputs' values. */
  inputs: readonly string[];
  /** Shape of the first input, and of the output. */
  input: Shape;
  output: Shape;
  /** Dimensions are fixed: exported networks have no genes. */
  read: DimReader;
  /** A parameter of the node, by the last part of its name (`weight`). */
  parameter(suffix: string): OnnxParameter;
  /** For a convolution: of the BatchNorm behind it, which becomes part of it. */
  norm?: ScaleAndShift | undefined;
}

/**
 * Everything singlepath knows of an op in TypeScript; native/ops has its kernel. What walks graphs (costs, genes,
 * subnets, export, tables of docs) asks the definition and never looks at the name of an op.
 */
export interface OpDefinition<Node extends NodeBase> {
  /** For people, in tables. Absent: the op's name. */
  label?(node: Node): string;
  /**
   * The node with each of its dimensions (what a gene may choose) replaced by `change` of it, in a fixed order. Absent:
   * it has none. {@link dimensionsOf} lists them by this.
   */
  withDims?(node: Node, change: (dim: Dim) => Dim): Node;
  /** The node in the network that is retrained. Absent: as in the supernet. */
  retrained?(node: Node): Node;
  /** Whether it is an activation function, whose outputs count as units of the network. Absent: no. */
  nonlinear?: true;
  /** Bits of the output, given those of the inputs. Absent: float. */
  outputBits?(node: Node, inputs: readonly number[], read: DimReader): number;
  /** Shape of the output. @throws SinglePathError `INVALID_SPACE` where the inputs do not fit. */
  shape(node: Node, inputs: readonly Shape[], read: DimReader): Shape;
  /** Absent: costs nothing. */
  cost?(node: Node, context: CostContext): Partial<Cost>;
  /** Parameters and buffers, given the largest shapes of the first input and the output. Absent: none. */
  parameters?(node: Node, input: Shape, output: Shape): ParameterSpec[];
  /** The op of a trained network in TorchScript, with operators of PyTorch 1.13 and later. */
  torchscript(node: Node, context: ScriptContext): Script;
  /** The op of a trained network in ONNX, with operators of opset 17 and later; returns the name of its value. */
  onnx(node: Node, context: OnnxContext): string;
}

/** `Expected <what> for node '<name>' (<op>) but received <got>`. */
export function misfit(node: NodeBase, what: string, got: string | number): SinglePathError {
  return new SinglePathError(
    'INVALID_SPACE',
    `Expected ${what} for node '${node.name}' (${node.op}) but received ${got}`,
  );
}

/** The input of a node that takes exactly one. */
export function only(node: NodeBase, inputs: readonly Shape[]): Shape {
  if (inputs.length !== 1) throw misfit(node, 'one input', inputs.length);
  return inputs[0]!;
}

/** Bits of an op whose outputs are values of its inputs. */
export function sameBits(_node: NodeBase, inputs: readonly number[]): number {
  return Math.max(...inputs);
}

export function positiveInteger(node: NodeBase, what: string, value: number): number {
  if (!Number.isInteger(value) || value < 1) throw misfit(node, `a positive integer as ${what}`, value);
  return value;
}

/** Of a convolution or pooling, in pixels. */
export interface Window {
  kernel: number;
  stride: number;
  padding: number;
}

/** Output size of a window op, as PyTorch counts (floor). */
export function windowSize(node: NodeBase & Window, size: number): number {
  const out = Math.floor((size + 2 * node.padding - node.kernel) / node.stride) + 1;
  if (out < 1) throw misfit(node, `an input of at least ${node.kernel - 2 * node.padding} pixels`, size);
  return out;
}

/** The window of a convolution or pooling, as attributes of its ONNX operator. */
export function onnxWindow({ kernel, stride, padding }: Window): Record<string, number[]> {
  return {
    kernel_shape: [kernel, kernel],
    strides: [stride, stride],
    pads: [padding, padding, padding, padding],
  };
}

export function showShape({ channels, height, width }: Shape): string {
  return `${channels}x${height}x${width}`;
}

/** Resolves the shorthands of {@link WeightInit} for weights [out, in / groups, k, k] or [out, in]. */
export function weightInit(init: WeightInit, shape: readonly number[], groups: number): WeightStart {
  if (typeof init === 'object') return init;
  const [out = 1, perGroup = 1, kernel = 1] = shape;
  const std = init === 'reciprocal' ? 1 / perGroup : Math.sqrt(2 / ((out / groups) * kernel * kernel));
  return { kind: 'normal', mean: 0, std };
}

/** A number as a TorchScript float: `6` would be an integer. */
export function scriptFloat(value: number): string {
  const text = String(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

export function constant(value: number): Initializer {
  return { kind: 'constant', value };
}
