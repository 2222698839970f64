import type { NetworkDescription } from '../runtime/native.js';
import { parametersOf } from '../space/parameters.js';
import type { SearchSpace } from '../space/types.js';

/** What the native executor needs of a space: native/graph/graph.h. */
export function describeNetwork(space: SearchSpace): NetworkDescription {
  return {
    layers: space.layers.map(({ name, gene = -1, choices }) => ({ name, gene, choices })),
    geneSizes: space.genes.map((gene) => gene.size),
    parameters: parametersOf(space),
  };
}
