import type { Dim, NodeBase } from '../node/types.js';
import { constant, type OpDefinition, only } from './op.js';
import {
  checkBits,
  type FeatureQuantizerMethod,
  quantizedFeature,
  scalarGene,
  scalarShape,
  stepInit,
} from './quantizer.js';
import { quantizedFeatureOnnx } from './quantizerOnnx.js';

/** Quantizes features to `bits` (unsigned, after a ReLU-like op); 32 bits or more means float. */
export interface FakeQuantizeNode extends NodeBase {
  op: 'fakeQuantize';
  method: FeatureQuantizerMethod;
  bits: Dim;
}

/** PACT's bound starts at ReLU6's: BatchNorm's unit-variance outputs seldom exceed it. */
const PACT_ALPHA = 6;

/** E[max(0, v)] of a standard normal, what BatchNorm and ReLU leave at the start. */
const RELU_MEAN = 1 / Math.sqrt(2 * Math.PI);

export const fakeQuantize: OpDefinition<FakeQuantizeNode> = {
  withDims: (node, change) => ({ ...node, bits: change(node.bits) }),

  outputBits: ({ bits }, _inputs, read) => read(bits),

  shape(node, inputs, read) {
    checkBits(node, 'feature', read(node.bits));
    return only(node, inputs);
  },

  parameters({ name, method, bits }) {
    const scalar = { shape: scalarShape(bits), ...scalarGene(bits), trainable: true };
    return method === 'pact'
      ? [{ name: `${name}.alpha`, init: constant(PACT_ALPHA), ...scalar }]
      : [{ name: `${name}.step`, init: stepInit(bits, false, RELU_MEAN), ...scalar }];
  },

  torchscript({ method, bits }, { inputs: [x], read }) {
    return { module: 'FakeQuantize', ...quantizedFeature(method, read(bits), x!) };
  },

  onnx({ name, method, bits }, { graph, inputs: [x], read, parameter }) {
    const scalar = () => parameter(method === 'pact' ? 'alpha' : 'step').data[0]!;
    return quantizedFeatureOnnx(graph, name, x!, { method, bits: read(bits), scalar });
  },
};
