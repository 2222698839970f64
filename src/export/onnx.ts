import { join } from 'node:path';
import protobuf from 'protobufjs';
import { checkArguments } from '../core/check.js';
import { expected, SinglePathError } from '../core/errors.js';
import { packageRoot } from '../core/packageRoot.js';
import { definitionOf, type Graph, type GraphNode } from '../graph/graph.js';
import { ONNX_TYPES, type OnnxAttributes, OnnxGraph, type OnnxParameter } from '../graph/node/onnx.js';
import type { Shape } from '../graph/node/types.js';
import { type BatchNormNode, scaleAndShift } from '../graph/ops/batchNorm.js';
import type { DimReader } from '../graph/ops/op.js';
import { FLOAT_BITS } from '../graph/ops/quantizer.js';
import { readerOf } from '../graph/walk.js';
import { packageVersion } from '../runtime/addon.js';
import type { TensorEntry } from '../runtime/native.js';
import { walkSpace } from '../space/check.js';
import type { SearchSpace } from '../space/types.js';

/** The opset that is written by default: onnxruntime 1.12 and later load it. */
const DEFAULT_OPSET = 17;
const LARGEST_OPSET = 26;
/** Packed weights need 4-bit tensors. */
const PACKED_OPSET = 21;

/**
 * Version of the file format, by opset. Runtimes refuse a file whose version is too new for them, whatever its
 * operators, so it is the oldest that knows the opset.
 */
const IR_VERSIONS: Record<number, number> = {
  17: 8,
  18: 8,
  19: 9,
  20: 9,
  21: 10,
  22: 10,
  23: 11,
  24: 12,
  25: 13,
  26: 13,
};

/** A protobuf message cannot be larger. */
const LARGEST_FILE = 2 ** 31 - 1;

/** How quantized weights are stored: as the float32 numbers they stand for, or as integers of 4 and 8 bits. */
export type OnnxWeights = 'float' | 'packed';

export interface OnnxOptions {
  /** Default `DEFAULT_OPSET`; packed weights: `PACKED_OPSET`. */
  opset?: number | undefined;
  /** Default `float`. */
  weights?: OnnxWeights | undefined;
  /** Dimensions of the output without the batch. Default: the classes. */
  output?: readonly number[];
  /** Strings for the programs that read the file (`metadata_props`). */
  metadata?: Record<string, string>;
}

/**
 * An ONNX file of a trained network: one input `images` [N, channels, size, size] with any N, one output `logits`
 * [N, classes], float32 both. BatchNorm becomes part of the float convolution before it. The same network gives the
 * same bytes.
 *
 * @param subnet a space without genes: `deriveSubnet`.
 * @param weights its tensors, by name.
 * @throws SinglePathError `INVALID_ARGUMENT` for an unknown opset or a network beyond 2 GB, `INVALID_SPACE` for an op
 *   that ONNX does not have.
 */
export function encodeOnnx(
  subnet: SearchSpace,
  weights: readonly TensorEntry[],
  options: OnnxOptions = {},
): Uint8Array {
  checkArguments('encodeOnnx()', { space: subnet, tensors: weights, options });
  const { weights: storage = 'float', metadata = {} } = options;
  const opset = opsetOf(options);
  const graph = describeOnnx(subnet, weights, storage);
  const size = [...graph.constants].reduce((sum, { bytes }) => sum + bytes.length, 0);
  if (size > LARGEST_FILE) {
    throw new SinglePathError(
      'INVALID_ARGUMENT',
      `Expected weights below 2 GB for an ONNX file but received ${size} bytes`,
      { hint: 'export TorchScript alone: --no-onnx' },
    );
  }
  const Model = modelMessage();
  const { channels, size: pixels } = subnet.input;
  const model = Model.fromObject({
    irVersion: IR_VERSIONS[opset]!,
    producerName: 'singlepath',
    producerVersion: packageVersion(),
    opsetImport: [{ domain: '', version: opset }],
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    graph: {
      name: subnet.name,
      node: graph.nodes.map(({ opType, inputs, output, attributes }) => ({
        opType,
        input: inputs,
        output: [output],
        name: output,
        attribute: describeAttributes(attributes),
      })),
      initializer: [...graph.constants].map(({ name, dims, type, bytes }) => ({
        name,
        dims: [...dims],
        dataType: ONNX_TYPES[type],
        rawData: bytes,
      })),
      input: [describeValue('images', [channels, pixels, pixels])],
      output: [describeValue('logits', options.output ?? [subnet.classes])],
    },
  });
  return Model.encode(model).finish();
}

/** Nodes and constants of a network, from `images` to `logits`. */
function describeOnnx(
  subnet: SearchSpace,
  weights: readonly TensorEntry[],
  storage: OnnxWeights = 'float',
): OnnxGraph {
  const byName = new Map(weights.map((entry) => [entry.name, entry]));
  const parameter = (name: string) => {
    const entry = byName.get(name);
    if (entry === undefined)
      throw expected(`a tensor '${name}'`, `the weights of '${subnet.name}'`, [...byName.keys()]);
    return entry;
  };
  const onnx = new OnnxGraph('images', 'logits', storage === 'packed');
  let current = onnx.input;
  walkSpace(subnet, ({ graph, values }) => {
    current = writeGraph(onnx, graph, values, parameter, current);
  });
  onnx.end(current);
  return onnx;
}

/** Writes the graph of a layer; returns the name of its value. */
function writeGraph(
  onnx: OnnxGraph,
  graph: Graph,
  shapes: readonly Shape[],
  tensor: (name: string) => OnnxParameter,
  input: string,
): string {
  const { nodes } = graph;
  const read = readerOf([]);
  const folds = foldableNorms(nodes, read);
  const folded = new Set(folds.values());
  const names = [input];
  nodes.forEach((node, i) => {
    const inputs = node.inputs.map((index) => names[index]!);
    if (folded.has(i)) {
      names.push(inputs[0]!);
      return;
    }
    const parameterOf = (name: string) => (suffix: string) => tensor(`${name}.${suffix}`);
    const norm = nodes[folds.get(i) ?? -1] as BatchNormNode | undefined;
    const context = {
      graph: onnx,
      inputs,
      input: shapes[node.inputs[0]!]!,
      output: shapes[i + 1]!,
      read,
      parameter: parameterOf(node.name),
      norm: norm && scaleAndShift(norm, parameterOf(norm.name)),
    };
    names.push(definitionOf(node).onnx(node, context));
  });
  return names.at(-1)!;
}

/**
 * The BatchNorms that can become part of the convolution before them, by the index of that convolution: nothing else
 * reads its output, and its weights are float (a scaled weight would be quantized to other levels).
 */
function foldableNorms(nodes: readonly GraphNode[], read: DimReader): Map<number, number> {
  const readers = nodes.map((_, i) => nodes.filter(({ inputs }) => inputs.includes(i + 1)).length);
  const folds = new Map<number, number>();
  nodes.forEach(({ op, inputs }, i) => {
    const source = inputs[0]! - 1;
    const before = nodes[source];
    if (op !== 'batchNorm' || before?.op !== 'conv2d' || readers[source] !== 1) return;
    const { weightQuantizer: quantizer } = before;
    if (quantizer === undefined || read(quantizer.bits) >= FLOAT_BITS) folds.set(source, i);
  });
  return folds;
}

/** The opset of a file. @throws SinglePathError `INVALID_ARGUMENT` for one that is unknown, or lacks the tensors that are asked for. */
export function opsetOf({
  opset: wanted,
  weights: storage = 'float',
}: {
  opset?: number | null | undefined;
  weights?: OnnxWeights | undefined;
}): number {
  const opset = wanted ?? (storage === 'packed' ? PACKED_OPSET : DEFAULT_OPSET);
  const smallest = storage === 'packed' ? PACKED_OPSET : DEFAULT_OPSET;
  if (opset in IR_VERSIONS && opset >= smallest) return opset;
  throw new SinglePathError(
    'INVALID_ARGUMENT',
    `Expected an opset from ${smallest} to ${LARGEST_OPSET}${storage === 'packed' ? ' for packed weights' : ''} but received ${opset}`,
    { hint: 'the version of ONNX operators that your runtime loads; 17 loads nearly everywhere' },
  );
}

/** Attributes carry the type of their value: 1 float, 2 integer, 7 integers. */
function describeAttributes({ integers = {}, floats = {} }: OnnxAttributes): object[] {
  return [
    ...Object.entries(integers).map(([name, value]) =>
      typeof value === 'number' ? { name, i: value, type: 2 } : { name, ints: [...value], type: 7 },
    ),
    ...Object.entries(floats).map(([name, value]) => ({ name, f: value, type: 1 })),
  ];
}

/** A value [N, ...sizes] of float32. */
function describeValue(name: string, sizes: readonly number[]): object {
  const dim = [{ dimParam: 'N' }, ...sizes.map((dimValue) => ({ dimValue }))];
  return { name, type: { tensorType: { elemType: ONNX_TYPES.float, shape: { dim } } } };
}

let modelType: protobuf.Type | undefined;

/** The Model message of proto/onnx.proto, parsed on first use. */
function modelMessage(): protobuf.Type {
  modelType ??= protobuf
    .loadSync(join(packageRoot(), 'proto', 'onnx.proto'))
    .lookupType('singlepath.onnx.Model');
  return modelType;
}
