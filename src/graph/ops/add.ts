import type { NodeBase } from '../node/types.js';
import { misfit, type OpDefinition, showShape } from './op.js';

export interface AddNode extends NodeBase {
  op: 'add';
}

export const add: OpDefinition<AddNode> = {
  shape(node, inputs) {
    const [first, ...rest] = inputs;
    if (first === undefined || rest.length === 0) throw misfit(node, 'at least two inputs', inputs.length);
    for (const shape of rest) {
      if (showShape(shape) !== showShape(first)) throw misfit(node, showShape(first), showShape(shape));
    }
    return first;
  },

  torchscript: (_node, { inputs }) => ({ value: inputs.join(' + ') }),

  onnx: ({ name }, { graph, inputs: [first, ...rest] }) =>
    rest.reduce((sum, value) => graph.node('Add', [sum, value], name), first!),
};
