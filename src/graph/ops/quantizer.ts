import type { Dim, GraphNode, Initialiser } from '../types.js';
import { constant, misfit } from './op.js';

/** Bits from which on numbers stay float. */
export const FLOAT_BITS = 32;

/** Most bits that are quantised. */
const MAX_BITS = 8;

export function checkBits(node: GraphNode, what: 'weight' | 'feature', bits: number): void {
  const quantised = Number.isInteger(bits) && bits >= 1 && bits <= MAX_BITS;
  if (!quantised && bits !== FLOAT_BITS) {
    throw misfit(node, `${what} bits from 1 to ${MAX_BITS}, or ${FLOAT_BITS} for float`, bits);
  }
}

/**
 * Shape of a learned quantiser scalar (PACT's bound, LSQ's step): one entry where bits are fixed; one per value of
 * the gene where a gene chooses them, indexed by that gene's value, because each bit width needs its own.
 */
export function scalarShape(bits: Dim): number[] {
  return [typeof bits === 'number' ? 1 : bits.values.length];
}

/**
 * LSQ's start, 2 E|v| / sqrt(Qp) (arXiv 1902.08153, section 2.1), with E|v| from the distribution the tensor starts
 * with. All entries share one value, that of the mean bit width; steps are learned from there.
 */
export function stepInit(bits: Dim, signed: boolean, meanMagnitude: number): Initialiser {
  const values = typeof bits === 'number' ? [bits] : bits.values;
  const mean = values.reduce((a, b) => a + Math.min(b, MAX_BITS), 0) / values.length;
  const largestLevel = Math.max(1, 2 ** (signed ? mean - 1 : mean) - 1);
  return constant((2 * meanMagnitude) / Math.sqrt(largestLevel));
}
