import { checkArguments } from '../core/check.js';
import { expected } from '../core/errors.js';
import { definitionOf, type Graph, type GraphNode } from '../graph/graph.js';
import type { Dim } from '../graph/node/types.js';
import { checkArchitecture } from './architecture.js';
import type { Architecture, Choice, SearchSpace } from './types.js';

/**
 * The network of one architecture as a space without genes: one choice per layer, fixed dimensions, affine
 * BatchNorm. What is retrained, evaluated and exported. Names stay those of the supernet.
 */
export function deriveSubnet(space: SearchSpace, architecture: Architecture): SearchSpace {
  checkArguments('deriveSubnet()', { space });
  checkArchitecture(space, architecture);
  const subnet = fixGenes(space, architecture);
  const name = architecture.length === 0 ? space.name : `${space.name}:${architecture.join(',')}`;
  return { ...subnet, name, layers: subnet.layers.map(mapNodes(retrained)) };
}

/**
 * Fixes some genes (undefined: stays open) and removes them; the others keep their order. BatchNorm and names stay
 * as they are: the result is the part of the supernet in which these genes have these values.
 *
 * @throws SinglePathError `INVALID_ARGUMENT` where a value is out of range.
 */
export function fixGenes(space: SearchSpace, values: readonly (number | undefined)[]): SearchSpace {
  checkArguments('fixGenes()', { space, architecture: values });
  checkArchitecture(
    space,
    Array.from(space.genes, (_, i) => values[i] ?? 0),
  );
  if (values.length > space.genes.length) {
    throw expected(`at most ${space.genes.length} genes`, `'${space.name}'`, values.length);
  }
  const open = space.genes.flatMap((_, index) => (values[index] === undefined ? [index] : []));
  const resolve = (dim: Dim): Dim => {
    if (typeof dim === 'number') return dim;
    const value = values[dim.gene];
    return value === undefined ? { ...dim, gene: open.indexOf(dim.gene) } : dim.values[value]!;
  };
  const layers = space.layers.map(({ gene, choices, ...layer }) => {
    const value = gene === undefined ? undefined : values[gene];
    const kept = value === undefined ? choices : [choices[value]!];
    const stays = gene !== undefined && value === undefined;
    const withGene = { ...layer, ...(stays && { gene: open.indexOf(gene) }), choices: kept };
    return mapNodes((node) => definitionOf(node).withDims?.(node, resolve) ?? node)(withGene);
  });
  return { ...space, genes: open.map((index) => space.genes[index]!), layers };
}

function retrained(node: GraphNode): GraphNode {
  return definitionOf(node).retrained?.(node) ?? node;
}

function mapNodes(change: (node: GraphNode) => GraphNode) {
  return <L extends { choices: Choice[] }>(layer: L): L => ({
    ...layer,
    choices: layer.choices.map(
      ({ name, graph }): Choice => ({ name, graph: { nodes: graph.nodes.map(change) } satisfies Graph }),
    ),
  });
}
