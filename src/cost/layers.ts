import type { Cost } from '../graph/ops/op.js';
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
    result = walk(space);
    profiles.set(space, result);
  }
  return result;
}

function walk(space: SearchSpace): LayerProfile[] {
  let input = inputShape(space);
  return space.layers.map(({ gene: block, choices }, layer) => {
    const genes = layerGenes(space, layer);
    const costs: Cost[] = [];
    let output = input;
    for (const architecture of combinations(space, genes)) {
      const { graph } = choices[block === undefined ? 0 : architecture[block]!]!;
      const walked = graphCost(graph, input, readerOf(architecture));
      costs.push(walked.cost);
      output = walked.output;
    }
    input = output;
    return { layer, genes, sizes: genes.map((gene) => space.genes[gene]!.size), costs };
  });
}
