import { meanOf, median as medianOfSorted, sortedCopy } from '../src/core/statistics.js';

/** Of a sample: divided by n - 1. */
export function standardDeviation(values: readonly number[]): number {
  const centre = meanOf(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
}

export function median(values: readonly number[]): number {
  return medianOfSorted(sortedCopy(values));
}
