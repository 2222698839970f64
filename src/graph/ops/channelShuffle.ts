import type { NodeBase } from '../types.js';
import { misfit, type OpDefinition, only, positiveInteger } from './op.js';

/** y[:, i * groups + g] = x[:, g * (C / groups) + i]. */
export interface ChannelShuffleNode extends NodeBase {
  op: 'channelShuffle';
  groups: number;
}

export const channelShuffle: OpDefinition<ChannelShuffleNode> = {
  shape(node, inputs) {
    const input = only(node, inputs);
    positiveInteger(node, 'groups', node.groups);
    if (input.channels % node.groups !== 0) {
      throw misfit(node, `channels divisible by ${node.groups} groups`, input.channels);
    }
    return input;
  },

  torchscript: ({ groups }, { inputs: [x] }) => ({ value: `torch.channel_shuffle(${x}, ${groups})` }),
};
