import type { NodeBase, ParameterSpec } from '../node/types.js';
import {
  constant,
  type OnnxContext,
  type OpDefinition,
  only,
  type ScaleAndShift,
  scriptFloat,
} from './op.js';

export interface BatchNormNode extends NodeBase {
  op: 'batchNorm';
  eps: number;
  momentum: number;
  /** Learnable scale and shift. False in most supernets, true in every retrained network. */
  affine: boolean;
  /** Start of scale and shift where affine. Default 1 and 0. */
  init?: { weight: number; bias: number };
}

export const batchNorm: OpDefinition<BatchNormNode> = {
  retrained: (node) => ({ ...node, affine: true }),

  shape: only,

  /** Counted as affine always: costs are those of the retrained network. */
  cost: (_node, { output }) => ({ params: 2 * output.channels }),

  parameters({ name, affine, init = { weight: 1, bias: 0 } }, _input, output) {
    const tensor = (suffix: string, value: number): Omit<ParameterSpec, 'trainable'> => ({
      name: `${name}.${suffix}`,
      shape: [output.channels],
      init: constant(value),
    });
    const scale = { ...tensor('weight', init.weight), trainable: true, neutral: 1 };
    const shift = { ...tensor('bias', init.bias), trainable: true, neutral: 0 };
    return [
      ...(affine ? [scale, shift] : []),
      { ...tensor('running_mean', 0), trainable: false },
      { ...tensor('running_var', 1), trainable: false },
    ];
  },

  torchscript({ affine, eps, momentum }, { inputs: [x] }) {
    const scale = affine ? 'self.weight, self.bias' : 'None, None';
    const statistics = 'self.running_mean, self.running_var';
    const settings = `False, ${scriptFloat(momentum)}, ${scriptFloat(eps)}, True`; // False: not training
    return { module: 'BatchNorm2d', value: `torch.batch_norm(${x}, ${scale}, ${statistics}, ${settings})` };
  },

  onnx({ name, eps }, { graph, inputs: [x], parameter }) {
    const tensors = ['weight', 'bias', 'running_mean', 'running_var'].map((suffix) => {
      const { shape, data } = parameter(suffix);
      return graph.floats(`${name}.${suffix}`, shape, data);
    });
    return graph.node('BatchNormalization', [x!, ...tensors], name, { floats: { epsilon: eps } });
  },
};

/** What a trained BatchNorm does, in double precision. */
export function scaleAndShift({ eps }: BatchNormNode, parameter: OnnxContext['parameter']): ScaleAndShift {
  const { data: mean } = parameter('running_mean');
  const { data: variance } = parameter('running_var');
  const { data: bias } = parameter('bias');
  const scale = Float64Array.from(
    parameter('weight').data,
    (weight, c) => weight / Math.sqrt(variance[c]! + eps),
  );
  return { scale, shift: scale.map((factor, c) => bias[c]! - mean[c]! * factor) };
}
