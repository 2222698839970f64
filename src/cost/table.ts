import { checkArguments } from '../core/check.js';
import type { Cost } from '../graph/ops/op.js';
import { checkGene } from '../space/architecture.js';

/**
 * A cost as one additive table per layer. Exact: output shapes of a layer do not depend on its genes, so what a
 * layer costs depends on its own genes only. Samplers and searches consume this form.
 */

/** A built-in cost, or `latency[FILE]`: the latency by a lookup table, in nanoseconds. */
export type Metric = keyof Cost | (string & {});

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

/**
 * Cost of one architecture: base plus one table entry per layer.
 *
 * @throws SinglePathError `INVALID_ARGUMENT` for an architecture with fewer genes, or a value that a gene does not have.
 */
export function tableCost(table: CostTable, architecture: readonly number[]): number {
  checkArguments('tableCost()', { costTable: table, architecture });
  let total = table.base;
  for (const { genes, sizes, costs } of table.layers) {
    for (let g = 0; g < genes.length; g++) checkGene(architecture, genes[g]!, sizes[g]!);
    total += costs[optionOf(architecture, genes, sizes)]!;
  }
  return total;
}

/** Row-major index of the values that an architecture gives to `genes`: the last gene varies fastest. */
export function optionOf(
  architecture: readonly number[],
  genes: readonly number[],
  sizes: readonly number[],
): number {
  let option = 0;
  for (let g = 0; g < genes.length; g++) option = option * sizes[g]! + architecture[genes[g]!]!;
  return option;
}

/** Inverse of {@link optionOf}: the value of each gene. */
export function valuesOf(option: number, sizes: readonly number[]): number[] {
  const values = new Array<number>(sizes.length);
  for (let g = sizes.length - 1; g >= 0; g--) {
    values[g] = option % sizes[g]!;
    option = Math.floor(option / sizes[g]!);
  }
  return values;
}
