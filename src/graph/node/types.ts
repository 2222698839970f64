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

/** What every node has; its other fields are those of its op (src/graph/ops/). */
export interface NodeBase {
  op: string;
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

/** Shape of a value without the batch dimension. Linear outputs have height = width = 1. */
export interface Shape {
  channels: number;
  height: number;
  width: number;
}

/** How a fresh parameter is filled; `values` are its elements one by one. */
export type Initializer = WeightStart | { kind: 'values'; values: number[] };

export type WeightStart = { kind: 'normal'; mean: number; std: number } | { kind: 'constant'; value: number };

/** A parameter or buffer at its largest size. */
export interface ParameterSpec {
  name: string;
  shape: number[];
  init: Initializer;
  /** False for buffers (running statistics), which get no gradient. */
  trainable: boolean;
  /** Gene that chooses one entry of a list of scalars: each bit width has its own. Absent: the tensor is one thing. */
  gene?: number;
  /** Value that changes nothing, for a network to retrain whose supernet has no such tensor. */
  neutral?: number;
}
