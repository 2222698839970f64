/**
 * Different architectures that are one network. A block without ops passes its input on, so among neighbouring layers
 * that offer the same blocks only the order of the other blocks counts, and genes that the chosen block does not read
 * do nothing. Derived from the graphs, so it holds for any space.
 */

import { checkArguments } from '../core/check.js';
import type { RandomStream } from '../core/rng.js';
import { definitionOf, type GraphNode } from '../graph/graph.js';
import type { Dim } from '../graph/node/types.js';
import { genesOf, layerGenes } from './combinations.js';
import type { Architecture, SearchSpace } from './types.js';

/** Neighbouring layers that offer the same blocks, a pass-through among them: their blocks may trade places. */
interface Stage {
  /** By layer the genes that its blocks read, in the same order in each. */
  genes: number[][];
  /** Values of a layer's genes that pass the input on. */
  identity: number[];
}

/** Which architectures of a space are the same network. */
export class Equivalence {
  readonly #stages: Stage[];

  constructor(readonly space: SearchSpace) {
    checkArguments('Equivalence', { space });
    this.#stages = stagesOf(space);
  }

  /**
   * The one architecture that stands for a network: blocks that do something come first among exchangeable layers,
   * genes without effect are 0.
   */
  canonical(architecture: Architecture): Architecture {
    const result = this.#withoutIdleGenes(architecture);
    for (const stage of this.#stages) {
      const active = activeIn(stage, result);
      place(
        stage,
        active,
        active.map((_, i) => i),
        result,
      );
    }
    return result;
  }

  isCanonical(architecture: Architecture): boolean {
    return this.canonical(architecture).join() === architecture.join();
  }

  /**
   * All architectures of the network, idle genes at 0: every way to spread the blocks over exchangeable layers.
   *
   * @param most gives so many at most: the first ones, or where there are more, different ones that `random` draws.
   */
  members(
    architecture: Architecture,
    most = Number.POSITIVE_INFINITY,
    random?: RandomStream,
  ): Architecture[] {
    const own = this.#withoutIdleGenes(architecture);
    if (random !== undefined && this.#countOf(own) > most) return this.#draw(own, most, random);
    let found = [own];
    for (const stage of this.#stages) {
      const active = activeIn(stage, found[0]!);
      const spread: number[][] = [];
      for (const member of found) {
        for (const places of choose(stage.genes.length, active.length)) {
          const next = [...member];
          place(stage, active, places, next);
          spread.push(next);
          if (spread.length >= most) break;
        }
        if (spread.length >= most) break;
      }
      found = spread;
    }
    return found;
  }

  /** Architectures of a network, exact below 2^53. */
  #countOf(architecture: Architecture): number {
    return this.#stages.reduce((product, stage) => {
      const active = activeIn(stage, architecture).length;
      return product * binomial(stage.genes.length, active);
    }, 1);
  }

  /** So many different ones of a network that has more: every stage spreads its blocks by chance. */
  #draw(architecture: Architecture, most: number, random: RandomStream): Architecture[] {
    const drawn = new Map<string, Architecture>();
    while (drawn.size < most) {
      const next = [...architecture];
      for (const stage of this.#stages) {
        const active = activeIn(stage, architecture);
        const layers = random.sample([...stage.genes.keys()], active.length);
        place(
          stage,
          active,
          layers.sort((a, b) => a - b),
          next,
        );
      }
      drawn.set(next.join(), next);
    }
    return [...drawn.values()];
  }

  #withoutIdleGenes(architecture: Architecture): number[] {
    const result = [...architecture];
    this.space.layers.forEach(({ gene, choices }, layer) => {
      const { graph } = choices[gene === undefined ? 0 : architecture[gene]!]!;
      const read = new Set([gene, ...genesOf(graph)]);
      for (const other of layerGenes(this.space, layer)) if (!read.has(other)) result[other] = 0;
    });
    return result;
  }
}

/** The values of the layers that do something, in order. */
function activeIn({ genes, identity }: Stage, architecture: Architecture): number[][] {
  return genes
    .map((own) => own.map((gene) => architecture[gene]!))
    .filter((values) => values.join() !== identity.join());
}

/** Writes `active` into the layers `places` of a stage and the identity into the others. */
function place(
  { genes, identity }: Stage,
  active: readonly (readonly number[])[],
  places: readonly number[],
  architecture: number[],
): void {
  genes.forEach((own, layer) => {
    const index = places.indexOf(layer);
    const values = index === -1 ? identity : active[index]!;
    own.forEach((gene, i) => {
      architecture[gene] = values[i]!;
    });
  });
}

/** Every ascending choice of `count` of the numbers below `size`. */
function* choose(size: number, count: number, first = 0): Generator<number[]> {
  if (count === 0) {
    yield [];
    return;
  }
  for (let i = first; i <= size - count; i++) {
    for (const rest of choose(size, count - 1, i + 1)) yield [i, ...rest];
  }
}

/** Ways to choose `count` of `size`. */
function binomial(size: number, count: number): number {
  let ways = 1;
  for (let i = 1; i <= count; i++) ways = (ways * (size - count + i)) / i;
  return ways;
}

function stagesOf(space: SearchSpace): Stage[] {
  const stages: Stage[] = [];
  let previous: string | undefined;
  space.layers.forEach(({ gene, choices }, layer) => {
    const identity = choices.findIndex(({ graph }) => graph.nodes.length === 0);
    if (gene === undefined || identity === -1) {
      previous = undefined;
      return;
    }
    const read = new Set([gene, ...choices.flatMap(({ graph }) => genesOf(graph))]);
    const genes = layerGenes(space, layer).filter((each) => read.has(each)); // others stay at 0
    const blocks = JSON.stringify(
      choices.map(({ graph }) => graph.nodes.map((node) => anonymous(node, genes))),
    );
    const own = genes.map((each) => (each === gene ? identity : 0));
    if (blocks === previous) stages.at(-1)!.genes.push(genes);
    else stages.push({ genes: [genes], identity: own });
    previous = blocks;
  });
  return stages;
}

/** A node without its name, its genes numbered inside the layer: equal for nodes that compute the same. */
function anonymous(node: GraphNode, genes: readonly number[]): GraphNode {
  const local = (dim: Dim): Dim =>
    typeof dim === 'number' ? dim : { gene: genes.indexOf(dim.gene), values: dim.values };
  return { ...(definitionOf(node).withDims?.(node, local) ?? node), name: '' };
}
