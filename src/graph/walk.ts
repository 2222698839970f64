import { definitionOf, type Graph } from './graph.js';
import type { ParameterSpec, Shape } from './node/types.js';
import { type Cost, type DimReader, misfit } from './ops/op.js';
import { FLOAT_BITS } from './ops/quantizer.js';

/** Reads dimensions for an architecture. */
export function readerOf(architecture: readonly number[]): DimReader {
  return (dim) => (typeof dim === 'number' ? dim : dim.values[architecture[dim.gene]!]!);
}

/**
 * Shapes of all values: the input first, then one per node; the last is the output's.
 *
 * @throws SinglePathError `INVALID_SPACE` naming the node whose inputs do not fit.
 */
export function inferShapes(graph: Graph, input: Shape, read: DimReader): Shape[] {
  const values = [input];
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((index) => {
      const shape = values[index];
      if (shape === undefined) throw misfit(node, 'inputs computed before it', `value ${index}`);
      return shape;
    });
    values.push(definitionOf(node).shape(node, inputs, read));
  }
  return values;
}

/** Cost of a graph for one image and the shape it yields. */
export function graphCost(graph: Graph, input: Shape, read: DimReader): { cost: Cost; output: Shape } {
  const values = inferShapes(graph, input, read);
  const total: Cost = { madds: 0, params: 0, bitops: 0, activations: 0, weightbits: 0 };
  const bits = [FLOAT_BITS];
  graph.nodes.forEach((node, i) => {
    const inputs = node.inputs.map((index) => bits[index]!);
    bits.push(definitionOf(node).outputBits?.(node, inputs, read) ?? FLOAT_BITS);
    const featureBits = inputs[0]!;
    const context = { input: values[node.inputs[0]!]!, output: values[i + 1]!, read, featureBits };
    const {
      madds = 0,
      params = 0,
      bitops = 0,
      activations = 0,
      weightbits = params * FLOAT_BITS,
    } = definitionOf(node).cost?.(node, context) ?? {};
    total.madds += madds;
    total.params += params;
    total.bitops += bitops;
    total.activations += activations;
    total.weightbits += weightbits;
  });
  return { cost: total, output: values.at(-1)! };
}

/** Parameters and buffers of a graph, given the largest shape of every value (see {@link largest}). */
export function graphParameters(graph: Graph, values: readonly Shape[]): ParameterSpec[] {
  return graph.nodes.flatMap((node, i) => {
    const input = values[node.inputs[0]!]!;
    return definitionOf(node).parameters?.(node, input, values[i + 1]!) ?? [];
  });
}

/** Element-wise largest of two lists of shapes. */
export function largest(a: readonly Shape[], b: readonly Shape[]): Shape[] {
  return a.map((shape, i) => ({
    channels: Math.max(shape.channels, b[i]!.channels),
    height: Math.max(shape.height, b[i]!.height),
    width: Math.max(shape.width, b[i]!.width),
  }));
}
