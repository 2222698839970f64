import type { MaxPoolNode } from '../types.js';
import { type OpDefinition, only, positiveInteger, windowSize } from './op.js';

export const maxPool: OpDefinition<MaxPoolNode> = {
  shape(node, inputs) {
    const { channels, height, width } = only(node, inputs);
    positiveInteger(node, 'kernel', node.kernel);
    positiveInteger(node, 'stride', node.stride);
    return { channels, height: windowSize(node, height), width: windowSize(node, width) };
  },

  torchscript({ kernel, stride, padding }, { inputs: [x] }) {
    const window = [kernel, stride, padding].map((value) => `[${value}, ${value}]`).join(', ');
    return { value: `torch.max_pool2d(${x}, ${window})` };
  },
};
