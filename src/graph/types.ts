/**
 * The op graph: a network as plain data. Everything walks this data: shape inference, costs, the native executor
 * (native/graph/graph.h mirrors these types), TorchScript. Tensors are [batch, channels, height, width].
 */

/** A number that depends on one gene of the architecture: `values[architecture[gene]]`. */
export interface GeneValue {
  gene: number;
  values: number[];
}

/** A dimension or setting: fixed, or chosen by a gene (channel search, mixed precision). */
export type Dim = number | GeneValue;

export type Activation = 'relu' | 'relu6' | 'hswish';

/** `dorefa`: DoReFa-Net weights (arXiv 1606.06160); `lsq`: learned step size (arXiv 1902.08153). */
export type WeightQuantizerMethod = 'dorefa' | 'lsq';
/** `pact`: clipped activation with a learned bound (arXiv 1805.06085); `lsq` as above, unsigned. */
export type FeatureQuantizerMethod = 'pact' | 'lsq';

interface NodeBase {
  /** Globally unique, PyTorch style (`layers.3.1.main.0`); parameters are `${name}.weight`, `${name}.bias`, … */
  name: string;
  /** Value indices: 0 is the graph's input, node i yields value i + 1. */
  inputs: number[];
}

/**
 * How weights start, where the standard deviation follows from the shape. `reciprocal`: N(0, 1 / weight.shape[1])
 * (the paper's code, depthwise: 1); `he`: N(0, sqrt(2 / fan out)) with fan out = out / groups * kernel^2.
 */
export type WeightInit = WeightStart | 'reciprocal' | 'he';

export interface Conv2dNode extends NodeBase {
  op: 'conv2d';
  /** Output channels; absent for depthwise, which keeps the input's. Weights are allocated at the largest. */
  out?: Dim;
  kernel: number;
  stride: number;
  padding: number;
  groups: number | 'depthwise';
  bias: boolean;
  /** Weights are fake-quantised to `bits` before the convolution. */
  weightQuantizer?: { method: WeightQuantizerMethod; bits: Dim };
  /** Default `reciprocal`. */
  init?: WeightInit;
}

export interface BatchNormNode extends NodeBase {
  op: 'batchNorm';
  eps: number;
  momentum: number;
  /** Learnable scale and shift. False in most supernets, true in every retrained network. */
  affine: boolean;
  /** Start of scale and shift where affine. Default 1 and 0. */
  init?: { weight: number; bias: number };
}

export interface ActivationNode extends NodeBase {
  op: 'activation';
  function: Activation;
}

/** y[:, i * groups + g] = x[:, g * (C / groups) + i]. */
export interface ChannelShuffleNode extends NodeBase {
  op: 'channelShuffle';
  groups: number;
}

/** Part `index` of `parts` equal channel ranges. */
export interface SplitNode extends NodeBase {
  op: 'split';
  parts: number;
  index: number;
}

/** Channels start, start + step, … below `end` (absent: all). */
export interface SliceNode extends NodeBase {
  op: 'slice';
  start: number;
  step: number;
  end?: number;
}

export interface ConcatNode extends NodeBase {
  op: 'concat';
}

export interface AddNode extends NodeBase {
  op: 'add';
}

export interface AdaptiveAveragePoolNode extends NodeBase {
  op: 'adaptiveAveragePool';
  /** Output height = width. */
  size: number;
}

export interface MaxPoolNode extends NodeBase {
  op: 'maxPool';
  kernel: number;
  stride: number;
  padding: number;
}

export interface DropoutNode extends NodeBase {
  op: 'dropout';
  p: number;
}

/** Flattens [N, C, 1, 1] (or [N, C, H, W]) and multiplies. */
export interface LinearNode extends NodeBase {
  op: 'linear';
  out: number;
  bias: boolean;
  /** Default N(0, 0.01). */
  init?: WeightInit;
}

/** Quantises features to `bits` (unsigned, after a ReLU-like op); 32 bits or more means float. */
export interface FakeQuantizeNode extends NodeBase {
  op: 'fakeQuantize';
  method: FeatureQuantizerMethod;
  bits: Dim;
}

export type GraphNode =
  | Conv2dNode
  | BatchNormNode
  | ActivationNode
  | ChannelShuffleNode
  | SplitNode
  | SliceNode
  | ConcatNode
  | AddNode
  | AdaptiveAveragePoolNode
  | MaxPoolNode
  | DropoutNode
  | LinearNode
  | FakeQuantizeNode;

export type OpName = GraphNode['op'];

/** Nodes in topological order; the last node's value is the output; no nodes means identity. */
export interface Graph {
  nodes: GraphNode[];
}

/** Shape of a value without the batch dimension. Linear outputs have height = width = 1. */
export interface Shape {
  channels: number;
  height: number;
  width: number;
}

/**
 * How a fresh parameter is filled; `values` are its elements one by one. `truncated` values are never needed: SPOS
 * uses plain normals.
 */
export type Initialiser = WeightStart | { kind: 'values'; values: number[] };

export type WeightStart = { kind: 'normal'; mean: number; std: number } | { kind: 'constant'; value: number };

/** A parameter or buffer at its largest size. */
export interface ParameterSpec {
  name: string;
  shape: number[];
  init: Initialiser;
  /** False for buffers (running statistics), which get no gradient. */
  trainable: boolean;
}
