import type { NodeBase } from '../node/types.js';
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

  onnx(node, { graph, inputs: [x], input: { height, width } }) {
    const { name, size } = node;
    if (size === 1) return graph.node('GlobalAveragePool', [x!], name);
    // ONNX has no adaptive pooling. Where the size divides the input's, all windows are alike; else the means of rows and
    // those of columns are products with two small matrices.
    if (height % size !== 0 || width % size !== 0) {
      const across = windowMeans(width, size);
      const transposed = across.map((_, i) => across[(i % size) * width + Math.floor(i / size)]!);
      const rows = graph.floats(`${name}.rows`, [size, height], windowMeans(height, size));
      const columns = graph.floats(`${name}.columns`, [width, size], transposed);
      const flat = graph.node('MatMul', [rows, x!], `${name}.flat`);
      return graph.node('MatMul', [flat, columns], name);
    }
    const window = [height / size, width / size];
    return graph.node('AveragePool', [x!], name, { integers: { kernel_shape: window, strides: window } });
  },
};

/** Matrix [size, length]: row i takes the mean of PyTorch's i-th window, from floor(i * length / size) to the end rounded up. */
function windowMeans(length: number, size: number): Float32Array {
  const matrix = new Float32Array(size * length);
  for (let i = 0; i < size; i++) {
    const start = Math.floor((i * length) / size);
    const end = Math.ceil(((i + 1) * length) / size);
    matrix.fill(1 / (end - start), i * length + start, i * length + end);
  }
  return matrix;
}
