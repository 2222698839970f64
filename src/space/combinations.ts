import { dimensionsOf, type Graph } from '../graph/graph.js';
import type { SearchSpace } from './types.js';

/** Indices of the genes (width, bits) that a graph reads, ascending. */
export function genesOf(graph: Graph): number[] {
  const genes = new Set<number>();
  for (const node of graph.nodes) {
    for (const dim of dimensionsOf(node)) if (typeof dim !== 'number') genes.add(dim.gene);
  }
  return [...genes].sort((a, b) => a - b);
}

/** Indices of the genes of a layer (block, width, bits), ascending. */
export function layerGenes(space: SearchSpace, layer: number): number[] {
  return space.genes.flatMap((gene, index) => (gene.layer === layer ? [index] : []));
}

/**
 * Every combination of values of `genes`, the last varying fastest, written into one architecture that is reused
 * (zero elsewhere). Without genes: once.
 */
export function* combinations(space: SearchSpace, genes: readonly number[]): Generator<number[]> {
  const architecture = new Array<number>(space.genes.length).fill(0);
  for (;;) {
    yield architecture;
    let g = genes.length - 1;
    for (; g >= 0; g--) {
      const gene = genes[g]!;
      if (++architecture[gene]! < space.genes[gene]!.size) break;
      architecture[gene] = 0;
    }
    if (g < 0) return;
  }
}
