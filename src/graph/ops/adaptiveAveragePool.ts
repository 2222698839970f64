import type { NodeBase } from '../node/types.js';
import { misfit, type OpDefinition, only, positiveInteger } from './op.js';

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

  onnx(node, { graph, inputs: [x], input: { height, width } }) {
    const { name, size } = node;
    if (size === 1) return graph.node('GlobalAveragePool', [x!], name);
    // ONNX has no adaptive pooling; where the size divides the input's, all windows are alike.
    if (height % size !== 0 || width % size !== 0) {
      throw misfit(node, `an input of a multiple of ${size} pixels for ONNX`, `${height}x${width}`);
    }
    const window = [height / size, width / size];
    return graph.node('AveragePool', [x!], name, { integers: { kernel_shape: window, strides: window } });
  },
};
