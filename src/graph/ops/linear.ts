import type { NodeBase, ParameterSpec, Shape, WeightInit } from '../node/types.js';
import { constant, type OpDefinition, only, positiveInteger, weightInit } from './op.js';

/** Flattens [N, C, 1, 1] (or [N, C, H, W]) and multiplies. */
export interface LinearNode extends NodeBase {
  op: 'linear';
  out: number;
  bias: boolean;
  /** Default N(0, 0.01). */
  init?: WeightInit;
}

export const linear: OpDefinition<LinearNode> = {
  label: ({ bias }) => (bias ? 'linear' : 'linear without bias'),

  shape(node, inputs) {
    only(node, inputs);
    return { channels: positiveInteger(node, 'output features', node.out), height: 1, width: 1 };
  },

  cost({ out, bias }, { input }) {
    const madds = features(input) * out;
    return { madds, params: madds + (bias ? out : 0), activations: out };
  },

  parameters({ name, out, bias, init = { kind: 'normal', mean: 0, std: 0.01 } }, input) {
    const shape = [out, features(input)];
    const specs: ParameterSpec[] = [
      { name: `${name}.weight`, shape, init: weightInit(init, shape, 1), trainable: true },
    ];
    if (bias) specs.push({ name: `${name}.bias`, shape: [out], init: constant(0), trainable: true });
    return specs;
  },

  torchscript: ({ bias }, { inputs: [x] }) => ({
    module: 'Linear',
    value: `torch.linear(torch.flatten(${x}, 1), self.weight, ${bias ? 'self.bias' : 'None'})`,
  }),

  onnx({ name, bias }, { graph, inputs: [x], parameter }) {
    const flat = graph.node('Flatten', [x!], `${name}.flat`, { integers: { axis: 1 } });
    const tensors = (bias ? ['weight', 'bias'] : ['weight']).map((suffix) => {
      const { shape, data } = parameter(suffix);
      return graph.floats(`${name}.${suffix}`, shape, data);
    });
    return graph.node('Gemm', [flat, ...tensors], name, { integers: { transB: 1 } });
  },
};

function features({ channels, height, width }: Shape): number {
  return channels * height * width;
}
