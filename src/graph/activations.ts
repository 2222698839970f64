/**
 * The table of activations. A row feeds the type of the graph, the words of space files (src/space/file/schema.ts) and
 * TorchScript; native/core/activation.h is its native half.
 */

import { type Module, single } from './module.js';
import type { NodeBase } from './types.js';

interface ActivationDefinition {
  /** In TorchScript, of the expression `x`. */
  torchscript(x: string): string;
}

/** Every activation by its name. */
export const activations = {
  relu: { torchscript: (x) => `torch.relu(${x})` },
  relu6: { torchscript: (x) => `torch.hardtanh(${x}, 0.0, 6.0)` },
  hswish: { torchscript: (x) => `torch.hardswish(${x})` },
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
