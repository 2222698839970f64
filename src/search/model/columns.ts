import { meanOf } from '../../core/statistics.js';
import type { GeneSpace } from '../../sampling/sampler.js';
import type { Architecture } from '../../space/types.js';
import type { ColumnGroup } from './ridge.js';
import { geneTerms } from './terms.js';

const GENE_PENALTIES = [0.3, 3, 30, 300, Number.POSITIVE_INFINITY];
const FEATURE_PENALTIES = [0.1, 1, 10];

/** The columns of a score model: a constant, its features on one scale, and the terms of the genes. */
export interface ModelColumns {
  features: readonly string[];
  groups: readonly ColumnGroup[];
  /** The columns of single genes. */
  additive: Pick<ColumnGroup, 'first' | 'count'>;
  /** @param features of this architecture, in the order of the names. */
  row(architecture: Architecture, features: readonly number[]): Float64Array;
}

/** @param features by name, what they are of all observations: their scales follow from it. */
export function modelColumns(
  space: GeneSpace,
  features: Record<string, readonly number[]>,
  withPairs: boolean,
): ModelColumns {
  const names = Object.keys(features);
  const scales = names.map((name) => scaleOf(features[name]!));
  const terms = geneTerms(space, withPairs);
  const additive = { first: 1 + names.length, count: terms.additive };
  const pairs = { first: additive.first + additive.count, count: terms.pairs };
  return {
    features: names,
    groups: [
      { first: 0, count: 1, penalties: [0] },
      ...(names.length > 0 ? [{ first: 1, count: names.length, penalties: FEATURE_PENALTIES }] : []),
      { ...additive, penalties: GENE_PENALTIES },
      ...(pairs.count > 0 ? [{ ...pairs, penalties: GENE_PENALTIES }] : []),
    ],
    additive,
    row(architecture, own) {
      const row = new Float64Array(pairs.first + pairs.count);
      row[0] = 1;
      scales.forEach(({ mean, deviation }, f) => {
        row[1 + f] = (own[f]! - mean) / deviation;
      });
      row.set(terms.row(architecture), additive.first);
      return row;
    },
  };
}

/** Deviations below this part of the largest value are rounding: equal numbers rarely have exactly their mean. */
const ROUNDING = 1e-12;

/** Mean and standard deviation, 1 where all are equal. */
export function scaleOf(values: readonly number[]): { mean: number; deviation: number } {
  const mean = meanOf(values);
  const deviation = Math.sqrt(meanOf(values.map((value) => (value - mean) ** 2)));
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return { mean, deviation: deviation > ROUNDING * largest ? deviation : 1 };
}
