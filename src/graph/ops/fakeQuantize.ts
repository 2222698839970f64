import type { FakeQuantizeNode } from '../types.js';
import { constant, type OpDefinition, only } from './op.js';
import { checkBits, quantizedFeature, scalarShape, stepInit } from './quantizer.js';

/** PACT's bound starts at ReLU6's: BatchNorm's unit-variance outputs seldom exceed it. */
const PACT_ALPHA = 6;

/** E[max(0, v)] of a standard normal, what BatchNorm and ReLU leave at the start. */
const RELU_MEAN = 1 / Math.sqrt(2 * Math.PI);

export const fakeQuantize: OpDefinition<FakeQuantizeNode> = {
  shape(node, inputs, read) {
    checkBits(node, 'feature', read(node.bits));
    return only(node, inputs);
  },

  parameters({ name, method, bits }) {
    const shape = scalarShape(bits);
    return method === 'pact'
      ? [{ name: `${name}.alpha`, shape, init: constant(PACT_ALPHA), trainable: true }]
      : [{ name: `${name}.step`, shape, init: stepInit(bits, false, RELU_MEAN), trainable: true }];
  },

  torchscript({ method, bits }, { inputs: [x], read }) {
    return { module: 'FakeQuantize', ...quantizedFeature(method, read(bits), x!) };
  },
};
