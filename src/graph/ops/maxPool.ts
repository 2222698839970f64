import type { NodeBase } from '../node/types.js';
import { type OpDefinition, only, onnxWindow, positiveInteger, sameBits, windowSize } from './op.js';

export interface MaxPoolNode extends NodeBase {
  op: 'maxPool';
  kernel: number;
  stride: number;
  padding: number;
}

export const maxPool: OpDefinition<MaxPoolNode> = {
  outputBits: sameBits,

  label: ({ kernel, stride }) => `max pool ${kernel}x${kernel} stride ${stride}`,

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

  onnx: ({ name, ...window }, { graph, inputs: [x] }) =>
    graph.node('MaxPool', [x!], name, { integers: onnxWindow(window) }),
};
