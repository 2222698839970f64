import type { Graph } from '../graph/graph.js';

export type GeneKind = 'block' | 'width' | 'bits';

/** One number of an architecture. */
export interface Gene {
  /** `layers.3.block` */
  name: string;
  kind: GeneKind;
  /** Index into {@link SearchSpace.layers}. */
  layer: number;
  /** The value is an integer in [0, size). */
  size: number;
  /** What each value means, for people: `3x3`, `0.6`, `w2a4`. */
  labels: string[];
}

/** One alternative of a choice layer. */
export interface Choice {
  /** `shuffle3x3`, `mb-k5-e6`, `identity` */
  name: string;
  graph: Graph;
}

/**
 * One part of the chain of a network. `choices[architecture[gene]]` runs; layers without `gene` have exactly one choice.
 * All choices of a layer yield the same output shape, so costs are additive over layers.
 */
export interface Layer {
  name: string;
  /** Index of the block gene, absent where there is nothing to choose. */
  gene?: number;
  choices: Choice[];
}

/**
 * A search space as plain data. A network to retrain is the same type with no genes (`deriveSubnet`).
 * Genes are ordered by kind (all blocks, then all widths, then all bits), inside a kind by layer.
 */
export interface SearchSpace {
  name: string;
  input: { channels: number; size: number };
  classes: number;
  genes: Gene[];
  layers: Layer[];
}

/** One value per gene, in the order of {@link SearchSpace.genes}. */
export type Architecture = readonly number[];
