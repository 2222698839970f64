import type { GeneSpace } from '../../sampling/sampler.js';
import { checkGene } from '../../space/architecture.js';
import type { Architecture } from '../../space/types.js';

/** Pair terms beyond this number are left to genes of neighbouring layers. */
const MOST_PAIR_TERMS = 600;

/** Genes as columns of a regression: an indicator for each value of each gene, and for each pair of values of two. */
export interface GeneTerms {
  /** Columns for single genes, and for pairs of genes. */
  additive: number;
  pairs: number;
  /** The columns of an architecture: additive first. */
  row(architecture: Architecture): Float64Array;
}

/**
 * The terms of a space's genes: of any kind (blocks, widths, bits). All values have a column; the penalty of a ridge
 * regression makes them estimable. All pairs of genes where they are few, else those of the same and the next layer.
 */
export function geneTerms({ genes }: GeneSpace, withPairs: boolean): GeneTerms {
  const starts: number[] = [];
  let additive = 0;
  for (const { size } of genes) {
    starts.push(additive);
    additive += size;
  }
  const all = genes.flatMap((_, a) => genes.slice(a + 1).map((_, i): [number, number] => [a, a + 1 + i]));
  const termsOf = (list: readonly [number, number][]) =>
    list.reduce((sum, [a, b]) => sum + genes[a]!.size * genes[b]!.size, 0);
  const near = all.filter(([a, b]) => Math.abs(genes[a]!.layer - genes[b]!.layer) <= 1);
  const used = !withPairs ? [] : termsOf(all) <= MOST_PAIR_TERMS ? all : near;
  const pairs = termsOf(used);
  return {
    additive,
    pairs,
    row(architecture) {
      const row = new Float64Array(additive + pairs);
      genes.forEach(({ size }, g) => {
        checkGene(architecture, g, size);
        row[starts[g]! + architecture[g]!] = 1;
      });
      let start = additive;
      for (const [a, b] of used) {
        row[start + architecture[a]! * genes[b]!.size + architecture[b]!] = 1;
        start += genes[a]!.size * genes[b]!.size;
      }
      return row;
    },
  };
}
