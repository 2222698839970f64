/**
 * A cost as one additive table per layer. Exact: output shapes of a layer do not depend on its genes, so what a
 * layer costs depends on its own genes only. Samplers and searches consume this form.
 */

/** `latency[FILE]`, of a lookup table, lives beside the built-in ones: nanoseconds. */
export type Metric = 'madds' | 'params' | 'bitops' | 'activations' | 'weightbits' | (string & {});

/** What one layer costs for every combination of its genes. */
export interface LayerCosts {
  /** Index into the space's layers. */
  layer: number;
  /** Indices into the space's genes, ascending; each gene belongs to exactly one layer. */
  genes: number[];
  /** Sizes of these genes. */
  sizes: number[];
  /** Row-major over the genes' values: the last gene varies fastest. Integers for the built-in metrics. */
  costs: Float64Array;
}

export interface CostTable {
  metric: Metric;
  /** Cost of the layers without genes. */
  base: number;
  /** Layers with genes, in network order. */
  layers: LayerCosts[];
}

/** Cost of one architecture: base plus one table entry per layer. */
export function tableCost(table: CostTable, architecture: readonly number[]): number {
  let total = table.base;
  for (const { genes, sizes, costs } of table.layers) {
    let index = 0;
    for (let g = 0; g < genes.length; g++) index = index * sizes[g]! + architecture[genes[g]!]!;
    total += costs[index]!;
  }
  return total;
}
