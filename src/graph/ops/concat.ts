import type { NodeBase } from '../node/types.js';
import { misfit, type OpDefinition, sameBits, showShape } from './op.js';

export interface ConcatNode extends NodeBase {
  op: 'concat';
}

export const concat: OpDefinition<ConcatNode> = {
  outputBits: sameBits,

  shape(node, inputs) {
    const [first, ...rest] = inputs;
    if (first === undefined) throw misfit(node, 'at least one input', 0);
    let channels = first.channels;
    for (const shape of rest) {
      if (shape.height !== first.height || shape.width !== first.width) {
        throw misfit(node, `inputs of ${first.height}x${first.width} pixels`, showShape(shape));
      }
      channels += shape.channels;
    }
    return { ...first, channels };
  },

  torchscript: (_node, { inputs }) => ({ value: `torch.cat([${inputs.join(', ')}], 1)` }),

  onnx: ({ name }, { graph, inputs }) => graph.node('Concat', [...inputs], name, { integers: { axis: 1 } }),
};
