import type { Graph } from '../graph/graph.js';
import type { Shape } from '../graph/node/types.js';
import type { Cost, DimReader } from '../graph/ops/op.js';
import { graphCost, readerOf } from '../graph/walk.js';
import { inputShape } from '../space/check.js';
import { combinations, layerGenes } from '../space/combinations.js';
import type { SearchSpace } from '../space/types.js';

/** What a layer costs for every combination of its genes, in all metrics. */
export interface LayerProfile {
  layer: number;
  /** Genes of the layer, ascending, and their sizes. */
  genes: number[];
  sizes: number[];
  /** Row-major over the genes' values. */
  costs: Cost[];
}

const profiles = new WeakMap<SearchSpace, LayerProfile[]>();

/** Costs of all layers, walked once per space. */
export function layerProfiles(space: SearchSpace): LayerProfile[] {
  let result = profiles.get(space);
  if (!result) {
    result = walkLayers(space, graphCost);
    profiles.set(space, result);
  }
  return result;
}

/**
 * Visits every layer for every combination of its genes, in order: each gets the shape that comes out of the one before.
 *
 * @param visit returns the cost of a graph, and what comes out of it.
 */
export function walkLayers<Value>(
  space: SearchSpace,
  visit: (graph: Graph, input: Shape, read: DimReader) => { cost: Value; output: Shape },
): (Omit<LayerProfile, 'costs'> & { costs: Value[] })[] {
  let input = inputShape(space);
  return space.layers.map(({ gene: block, choices }, layer) => {
    const genes = layerGenes(space, layer);
    const costs: Value[] = [];
    let output = input;
    for (const architecture of combinations(space, genes)) {
      const { graph } = choices[block === undefined ? 0 : architecture[block]!]!;
      const walked = visit(graph, input, readerOf(architecture));
      costs.push(walked.cost);
      output = walked.output;
    }
    input = output;
    return { layer, genes, sizes: genes.map((gene) => space.genes[gene]!.size), costs };
  });
}
