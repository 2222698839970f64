import { costOf } from '../cost/cost.js';
import { definitionOf } from '../graph/graph.js';
import { FLOAT_BITS } from '../graph/ops/quantizer.js';
import { readerOf } from '../graph/walk.js';
import type { SearchSpace } from '../space/types.js';

/**
 * Whether a network rounds weights or features to levels: one that lies between two of them falls on the other where the
 * numbers before it are rounded otherwise. Its BitOps do not tell: features may go into float convolutions.
 *
 * @param subnet a space without genes: `deriveSubnet`.
 */
export function isQuantized(subnet: SearchSpace): boolean {
  const { params, weightbits } = costOf(subnet, []);
  return weightbits < params * FLOAT_BITS || quantizesFeatures(subnet);
}

function quantizesFeatures({ layers }: SearchSpace): boolean {
  return layers.some(({ choices: [choice] }) =>
    choice!.graph.nodes.some((node) => {
      const floats = node.inputs.map(() => FLOAT_BITS);
      const bits = definitionOf(node).outputBits?.(node, floats, readerOf([])) ?? FLOAT_BITS;
      return bits < FLOAT_BITS;
    }),
  );
}
