import type { NodeBase } from '../node/types.js';
import { misfit, type OpDefinition, showShape } from './op.js';

/** The first input times all others, each of the same shape or one pixel that counts for all. */
export interface MultiplyNode extends NodeBase {
  op: 'multiply';
}

export const multiply: OpDefinition<MultiplyNode> = {
  shape(node, inputs) {
    const [first, ...rest] = inputs;
    if (first === undefined || rest.length === 0) throw misfit(node, 'at least two inputs', inputs.length);
    const pixel = { ...first, height: 1, width: 1 };
    for (const shape of rest) {
      const fits = [first, pixel].some((wanted) => showShape(shape) === showShape(wanted));
      if (!fits) throw misfit(node, `${showShape(first)} or ${showShape(pixel)}`, showShape(shape));
    }
    return first;
  },

  torchscript: (_node, { inputs }) => ({ value: inputs.join(' * ') }),

  onnx: ({ name }, { graph, inputs: [first, ...rest] }) =>
    rest.reduce((product, value) => graph.node('Mul', [product, value], name), first!),
};
