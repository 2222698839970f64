import type { Activation, ActivationNode } from '../types.js';
import { type OpDefinition, only } from './op.js';

const SCRIPTS: Record<Activation, (x: string) => string> = {
  relu: (x) => `torch.relu(${x})`,
  relu6: (x) => `torch.hardtanh(${x}, 0.0, 6.0)`,
  hswish: (x) => `torch.hardswish(${x})`,
};

export const activation: OpDefinition<ActivationNode> = {
  shape: only,

  torchscript: (node, { inputs: [x] }) => ({ value: SCRIPTS[node.function](x!) }),
};
