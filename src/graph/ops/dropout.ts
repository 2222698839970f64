import type { NodeBase } from '../node/types.js';
import { misfit, type OpDefinition, only, sameBits } from './op.js';

export interface DropoutNode extends NodeBase {
  op: 'dropout';
  p: number;
}

export const dropout: OpDefinition<DropoutNode> = {
  outputBits: sameBits,

  label: ({ p }) => `dropout ${p}`,

  shape(node, inputs) {
    if (!(node.p >= 0 && node.p < 1)) throw misfit(node, 'a probability in [0, 1)', node.p);
    return only(node, inputs);
  },

  torchscript: (_node, { inputs: [x] }) => ({ value: x! }), // only training drops

  onnx: (_node, { inputs: [x] }) => x!,
};
