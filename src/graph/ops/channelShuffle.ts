import type { NodeBase } from '../node/types.js';
import { misfit, type OpDefinition, only, positiveInteger, sameBits } from './op.js';

/** y[:, i * groups + g] = x[:, g * (C / groups) + i]. */
export interface ChannelShuffleNode extends NodeBase {
  op: 'channelShuffle';
  groups: number;
}

export const channelShuffle: OpDefinition<ChannelShuffleNode> = {
  outputBits: sameBits,

  shape(node, inputs) {
    const input = only(node, inputs);
    positiveInteger(node, 'groups', node.groups);
    if (input.channels % node.groups !== 0) {
      throw misfit(node, `channels divisible by ${node.groups} groups`, input.channels);
    }
    return input;
  },

  torchscript: ({ groups }, { inputs: [x] }) => ({ value: `torch.channel_shuffle(${x}, ${groups})` }),

  // With four dimensions: converters to other formats stumble over transposes of five. 0 keeps the batch.
  onnx({ name, groups }, { graph, inputs: [x], output: { channels, height, width } }) {
    const split = graph.integers(0, groups, channels / groups, height * width);
    const grouped = graph.node('Reshape', [x!, split], `${name}.grouped`);
    const swapped = graph.node('Transpose', [grouped], `${name}.swapped`, {
      integers: { perm: [0, 2, 1, 3] },
    });
    return graph.node('Reshape', [swapped, graph.integers(0, channels, height, width)], name);
  },
};
