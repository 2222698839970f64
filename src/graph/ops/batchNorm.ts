import type { BatchNormNode, ParameterSpec } from '../types.js';
import { constant, type OpDefinition, only, scriptFloat } from './op.js';

export const batchNorm: OpDefinition<BatchNormNode> = {
  shape: only,

  /** Counted as affine always: costs are those of the retrained network. */
  cost: (_node, { output }) => ({ params: 2 * output.channels }),

  parameters({ name, affine, init = { weight: 1, bias: 0 } }, _input, output) {
    const tensor = (suffix: string, value: number, trainable: boolean): ParameterSpec => ({
      name: `${name}.${suffix}`,
      shape: [output.channels],
      init: constant(value),
      trainable,
    });
    return [
      ...(affine ? [tensor('weight', init.weight, true), tensor('bias', init.bias, true)] : []),
      tensor('running_mean', 0, false),
      tensor('running_var', 1, false),
    ];
  },

  torchscript({ affine, eps, momentum }, { inputs: [x] }) {
    const scale = affine ? 'self.weight, self.bias' : 'None, None';
    const statistics = 'self.running_mean, self.running_var';
    const settings = `False, ${scriptFloat(momentum)}, ${scriptFloat(eps)}, True`; // False: not training
    return { module: 'BatchNorm2d', value: `torch.batch_norm(${x}, ${scale}, ${statistics}, ${settings})` };
  },
};
