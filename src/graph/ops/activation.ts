import { type ActivationNode, activations } from '../node/activations.js';
import { type OpDefinition, only } from './op.js';

export const activation: OpDefinition<ActivationNode> = {
  label: (node) => node.function,

  nonlinear: true,

  shape: only,

  torchscript: (node, { inputs: [x] }) => ({ value: activations[node.function].torchscript(x!) }),

  onnx: (node, { graph, inputs: [x] }) => activations[node.function].onnx(graph, x!, node.name),
};
