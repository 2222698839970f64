import type { NodeBase } from '../types.js';
import { type OpDefinition, only, positiveInteger } from './op.js';

export interface AdaptiveAveragePoolNode extends NodeBase {
  op: 'adaptiveAveragePool';
  /** Output height = width. */
  size: number;
}

export const adaptiveAveragePool: OpDefinition<AdaptiveAveragePoolNode> = {
  label: () => 'average pool',

  shape(node, inputs) {
    const size = positiveInteger(node, 'size', node.size);
    return { channels: only(node, inputs).channels, height: size, width: size };
  },

  torchscript: ({ size }, { inputs: [x] }) => ({
    value:
      size === 1 ? `torch.mean(${x}, [2, 3], True)` : `torch.adaptive_avg_pool2d(${x}, [${size}, ${size}])`,
  }),
};
