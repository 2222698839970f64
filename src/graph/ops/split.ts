import type { NodeBase } from '../node/types.js';
import { misfit, type OpDefinition, only, positiveInteger, sameBits } from './op.js';
import { channelSlice } from './slice.js';

/** Part `index` of `parts` equal channel ranges. */
export interface SplitNode extends NodeBase {
  op: 'split';
  parts: number;
  index: number;
}

export const split: OpDefinition<SplitNode> = {
  outputBits: sameBits,

  shape(node, inputs) {
    const input = only(node, inputs);
    positiveInteger(node, 'parts', node.parts);
    if (!Number.isInteger(node.index) || node.index < 0 || node.index >= node.parts) {
      throw misfit(node, `an index below ${node.parts} parts`, node.index);
    }
    if (input.channels % node.parts !== 0) {
      throw misfit(node, `channels divisible by ${node.parts} parts`, input.channels);
    }
    return { ...input, channels: input.channels / node.parts };
  },

  torchscript: ({ index }, { inputs: [x], output: { channels } }) => ({
    value: `torch.narrow(${x}, 1, ${index * channels}, ${channels})`,
  }),

  onnx: ({ name, index }, { graph, inputs: [x], output: { channels } }) =>
    channelSlice(graph, x!, name, { start: index * channels, end: (index + 1) * channels, step: 1 }),
};
