/**
 * What can be counted in a network without running it, and is known to follow accuracy: the baselines that a trained
 * supernet has to beat (docs/search-quality.md).
 */

import { definitionOf } from '../graph/graph.js';
import { inferShapes } from '../graph/walk.js';
import type { SearchSpace } from '../space/types.js';
import { walkLayers } from './layers.js';
import type { CostTable, LayerCosts } from './table.js';

/** How the outputs of a layer's activation functions (elements for one image) count. */
const COUNTS = {
  /** Layers that have an activation function: an identity, also one that changes the shape, has none. */
  depth: (outputs: number) => (outputs > 0 ? 1 : 0),
  activationOutputs: (outputs: number) => outputs,
  /** Diminishing returns inside a layer: of two networks with equally many outputs the deeper one has more. */
  sqrtUnits: Math.sqrt,
} as const satisfies Record<string, (outputs: number) => number>;

export type StructureMetric = keyof typeof COUNTS;

/** The structure metrics as additive tables, for any space. */
export function structureTables(space: SearchSpace): Record<StructureMetric, CostTable> {
  const outputs = activationOutputs(space);
  const table = (metric: StructureMetric): CostTable => {
    const count = COUNTS[metric];
    const isFixed = ({ genes }: LayerCosts) => genes.length === 0;
    return {
      metric,
      base: outputs.filter(isFixed).reduce((sum, { costs }) => sum + count(costs[0]!), 0),
      layers: outputs
        .filter((layer) => !isFixed(layer))
        .map((layer) => ({ ...layer, costs: layer.costs.map(count) })),
    };
  };
  return {
    depth: table('depth'),
    activationOutputs: table('activationOutputs'),
    sqrtUnits: table('sqrtUnits'),
  };
}

/** By layer, the elements that come out of its activation functions, for every combination of its genes. */
function activationOutputs(space: SearchSpace): LayerCosts[] {
  const layers = walkLayers(space, ({ nodes }, input, read) => {
    const shapes = inferShapes({ nodes }, input, read);
    const elements = nodes.map((node, i) => {
      const { channels, height, width } = shapes[i + 1]!;
      return definitionOf(node).nonlinear ? channels * height * width : 0;
    });
    return { cost: elements.reduce((sum, count) => sum + count, 0), output: shapes.at(-1)! };
  });
  return layers.map((layer) => ({ ...layer, costs: Float64Array.from(layer.costs) }));
}
