/**
 * The table of activations. A row feeds the type of the graph, the words of space files (src/space/file/), TorchScript
 * and ONNX; native/core/activation.h is its native half.
 */

import { type Module, single } from './module.js';
import type { OnnxGraph } from './onnx.js';
import type { NodeBase } from './types.js';

interface ActivationDefinition {
  /** In TorchScript, of the expression `x`. */
  torchscript(x: string): string;
  /** In ONNX, of the value `x`; returns the value it adds under `name`. */
  onnx(graph: OnnxGraph, x: string, name: string): string;
}

/** Every activation by its name. */
export const activations = {
  relu: {
    torchscript: (x) => `torch.relu(${x})`,
    onnx: (graph, x, name) => graph.node('Relu', [x], name),
  },
  relu6: {
    torchscript: (x) => `torch.hardtanh(${x}, 0.0, 6.0)`,
    onnx: (graph, x, name) => graph.node('Clip', [x, graph.number(0), graph.number(6)], name),
  },
  hswish: {
    torchscript: (x) => `torch.hardswish(${x})`,
    onnx: (graph, x, name) => graph.node('HardSwish', [x], name),
  },
  silu: {
    torchscript: (x) => `torch.silu(${x})`,
    onnx: (graph, x, name) => graph.node('Mul', [x, graph.node('Sigmoid', [x], `${name}.gate`)], name),
  },
  sigmoid: {
    torchscript: (x) => `torch.sigmoid(${x})`,
    onnx: (graph, x, name) => graph.node('Sigmoid', [x], name),
  },
  hsigmoid: {
    torchscript: (x) => `torch.hardsigmoid(${x})`,
    onnx: (graph, x, name) => graph.node('HardSigmoid', [x], name, { floats: { alpha: 1 / 6, beta: 0.5 } }),
  },
} satisfies Record<string, ActivationDefinition>;

export type Activation = keyof typeof activations;

export const ACTIVATIONS = Object.keys(activations) as Activation[];

export interface ActivationNode extends NodeBase {
  op: 'activation';
  function: Activation;
}

export const activation = (kind: Activation): Module =>
  single<Omit<ActivationNode, 'name' | 'inputs'>>({ op: 'activation', function: kind });
export const relu = (): Module => activation('relu');
export const relu6 = (): Module => activation('relu6');
export const hswish = (): Module => activation('hswish');
export const silu = (): Module => activation('silu');
export const sigmoid = (): Module => activation('sigmoid');
export const hsigmoid = (): Module => activation('hsigmoid');
