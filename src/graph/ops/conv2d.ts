import type { Dim, NodeBase, ParameterSpec, WeightInit } from '../node/types.js';
import {
  constant,
  misfit,
  type OpDefinition,
  only,
  onnxWindow,
  positiveInteger,
  weightInit,
  windowSize,
} from './op.js';
import {
  checkBits,
  FLOAT_BITS,
  quantizedWeight,
  scalarGene,
  scalarShape,
  stepInit,
  type WeightQuantizerMethod,
} from './quantizer.js';
import { quantizedWeightOnnx } from './quantizerOnnx.js';

export interface Conv2dNode extends NodeBase {
  op: 'conv2d';
  /** Output channels; absent for depthwise, which keeps the input's. Weights are allocated at the largest. */
  out?: Dim;
  kernel: number;
  stride: number;
  padding: number;
  groups: number | 'depthwise';
  bias: boolean;
  /** Weights are fake-quantized to `bits` before the convolution. */
  weightQuantizer?: { method: WeightQuantizerMethod; bits: Dim };
  /** Absent: `reciprocal` (`nn.conv2d` never leaves it to that, but hashes of spaces depend on it). */
  init?: WeightInit;
}

/** Convolution; sliced `[:out, :in]` where a gene chooses fewer channels than the largest. */
export const conv2d: OpDefinition<Conv2dNode> = {
  label({ groups, kernel, stride }) {
    const kind = groups === 'depthwise' ? 'depthwise' : 'conv';
    return `${kind} ${kernel}x${kernel}${stride > 1 ? ` stride ${stride}` : ''}`;
  },

  withDims: (node, change) => ({
    ...node,
    ...(node.out !== undefined && { out: change(node.out) }),
    ...(node.weightQuantizer && {
      weightQuantizer: { ...node.weightQuantizer, bits: change(node.weightQuantizer.bits) },
    }),
  }),

  shape(node, inputs, read) {
    const input = only(node, inputs);
    positiveInteger(node, 'kernel', node.kernel);
    positiveInteger(node, 'stride', node.stride);
    if ((node.groups === 'depthwise') !== (node.out === undefined)) {
      throw misfit(
        node,
        'output channels, or depthwise groups which keep them',
        node.out ? 'both' : 'neither',
      );
    }
    const channels = node.out === undefined ? input.channels : read(node.out);
    positiveInteger(node, 'output channels', channels);
    if (node.groups !== 'depthwise') {
      positiveInteger(node, 'groups', node.groups);
      if (input.channels % node.groups !== 0) {
        throw misfit(node, `input channels divisible by ${node.groups} groups`, input.channels);
      }
      if (channels % node.groups !== 0) {
        throw misfit(node, `output channels divisible by ${node.groups} groups`, channels);
      }
    }
    if (node.weightQuantizer) checkBits(node, 'weight', read(node.weightQuantizer.bits));
    return { channels, height: windowSize(node, input.height), width: windowSize(node, input.width) };
  },

  cost(node, { input, output, read, featureBits }) {
    const weights = product(weightShape(node, input.channels, output.channels));
    const pixels = output.height * output.width;
    const madds = weights * pixels;
    const bias = node.bias ? output.channels : 0;
    const bits = node.weightQuantizer ? read(node.weightQuantizer.bits) : FLOAT_BITS;
    return {
      madds,
      params: weights + bias,
      bitops: node.weightQuantizer ? madds * bits * featureBits : 0,
      activations: output.channels * pixels,
      weightbits: weights * bits + bias * FLOAT_BITS,
    };
  },

  parameters(node, input, output) {
    const { name, bias, init = 'reciprocal', weightQuantizer: quantizer } = node;
    const shape = weightShape(node, input.channels, output.channels);
    const groups = node.groups === 'depthwise' ? output.channels : node.groups;
    const weight = weightInit(init, shape, groups);
    const specs: ParameterSpec[] = [{ name: `${name}.weight`, shape, init: weight, trainable: true }];
    if (bias) {
      specs.push({ name: `${name}.bias`, shape: [output.channels], init: constant(0), trainable: true });
    }
    if (quantizer?.method === 'lsq') {
      const std = weight.kind === 'normal' ? weight.std : Math.abs(weight.value);
      specs.push({
        name: `${name}.step`,
        shape: scalarShape(quantizer.bits),
        ...scalarGene(quantizer.bits),
        init: stepInit(quantizer.bits, true, std * Math.sqrt(2 / Math.PI)), // E|v| of a normal
        trainable: true,
      });
    }
    return specs;
  },

  torchscript({ stride, padding, bias, weightQuantizer: quantizer, ...node }, { inputs, input, read }) {
    const lines = quantizer ? quantizedWeight(quantizer.method, read(quantizer.bits)) : [];
    const weight = lines.length > 0 ? 'weight' : 'self.weight';
    const groups = node.groups === 'depthwise' ? input.channels : node.groups;
    const pair = (value: number) => `[${value}, ${value}]`;
    const window = `${pair(stride)}, ${pair(padding)}, ${pair(1)}, ${groups}`;
    return {
      module: quantizer ? 'QuantizedConv2d' : 'Conv2d',
      lines,
      value: `torch.conv2d(${inputs[0]}, ${weight}, ${bias ? 'self.bias' : 'None'}, ${window})`,
    };
  },

  onnx(node, { graph, inputs: [x], input, output, read, parameter, norm }) {
    const { name, bias, weightQuantizer: quantizer } = node;
    const weight = parameter('weight');
    const bits = quantizer === undefined ? FLOAT_BITS : read(quantizer.bits);
    const step = () => parameter('step').data[0]!;
    const operands = [
      x!,
      quantizer !== undefined && bits < FLOAT_BITS
        ? quantizedWeightOnnx(graph, name, weight, { method: quantizer.method, bits, step })
        : graph.floats(`${name}.weight`, weight.shape, norm ? scaled(weight.data, norm.scale) : weight.data),
    ];
    if (bias || norm !== undefined) {
      const shift = Float64Array.from({ length: output.channels }, (_, c) => norm?.shift[c] ?? 0);
      const own = bias ? parameter('bias').data : shift.map(() => 0);
      const values = shift.map((value, c) => value + own[c]! * (norm?.scale[c] ?? 1));
      operands.push(graph.floats(`${name}.bias`, [output.channels], values));
    }
    const group = node.groups === 'depthwise' ? input.channels : node.groups;
    return graph.node('Conv', operands, name, { integers: { ...onnxWindow(node), group } });
  },
};

function weightShape(node: Conv2dNode, input: number, output: number): number[] {
  const perGroup = node.groups === 'depthwise' ? 1 : input / node.groups;
  return [output, perGroup, node.kernel, node.kernel];
}

/** Weights [out, …] times one factor for each output channel. */
function scaled(weights: Float32Array, factors: Float64Array): Float32Array {
  const size = weights.length / factors.length;
  return weights.map((weight, i) => weight * factors[Math.floor(i / size)]!);
}

function product(values: readonly number[]): number {
  return values.reduce((a, b) => a * b, 1);
}
