import type { Dim, Initializer, NodeBase, ParameterSpec } from '../node/types.js';
import { constant, misfit, type Script, scriptFloat } from './op.js';

/** `dorefa`: DoReFa-Net weights (arXiv 1606.06160); `lsq`: learned step size (arXiv 1902.08153). */
export type WeightQuantizerMethod = 'dorefa' | 'lsq';
/** `pact`: clipped activation with a learned bound (arXiv 1805.06085); `lsq` as above, unsigned. */
export type FeatureQuantizerMethod = 'pact' | 'lsq';

/** Bits from which on numbers stay float. */
export const FLOAT_BITS = 32;

/** Most bits that are quantized. */
export const MAX_BITS = 8;

export function checkBits(node: NodeBase, what: 'weight' | 'feature', bits: number): void {
  const quantized = Number.isInteger(bits) && bits >= 1 && bits <= MAX_BITS;
  if (!quantized && bits !== FLOAT_BITS) {
    throw misfit(node, `${what} bits from 1 to ${MAX_BITS}, or ${FLOAT_BITS} for float`, bits);
  }
}

/**
 * Shape of a learned quantizer scalar (PACT's bound, LSQ's step): one entry where bits are fixed; one per value of
 * the gene where a gene chooses them, indexed by that gene's value, because each bit width needs its own.
 */
export function scalarShape(bits: Dim): number[] {
  return [typeof bits === 'number' ? 1 : bits.values.length];
}

/** The gene that chooses the entry of such a scalar. */
export function scalarGene(bits: Dim): Pick<ParameterSpec, 'gene'> {
  return typeof bits === 'number' ? {} : { gene: bits.gene };
}

/**
 * LSQ's start, 2 E|v| / sqrt(Qp) (arXiv 1902.08153, section 2.1), with E|v| from the distribution the tensor starts
 * with: for each bit width its own. Signed one-bit numbers have no positive level but +-1: there Qp is 1.
 */
export function stepInit(bits: Dim, signed: boolean, meanMagnitude: number): Initializer {
  const step = (width: number) => {
    const quantized = Math.min(width, MAX_BITS);
    return (2 * meanMagnitude) / Math.sqrt(Math.max(1, 2 ** (signed ? quantized - 1 : quantized) - 1));
  };
  return typeof bits === 'number' ? constant(step(bits)) : { kind: 'values', values: bits.values.map(step) };
}

/*
 * The values of native/ops/quantize.cc in TorchScript, operation by operation: another order of the same arithmetic
 * moves numbers that lie between two levels.
 */

/** Statements that make `weight` of `self.weight`; none where it stays float. */
export function quantizedWeight(method: WeightQuantizerMethod, bits: number): string[] {
  if (bits >= FLOAT_BITS) return [];
  if (method === 'lsq') {
    const scaled = 'self.weight / self.step';
    if (bits === 1) return [signs(scaled, 'self.step')];
    const half = 2 ** (bits - 1);
    return [`weight = ${lsqLevels(scaled, -half, half - 1)} * self.step`];
  }
  if (bits === 1) {
    return ['scale = torch.mean(torch.abs(self.weight))', signs('self.weight', 'scale')];
  }
  const levels = scriptFloat(2 ** bits - 1);
  return [
    'squashed = torch.tanh(self.weight)',
    'largest = torch.max(torch.abs(squashed))',
    'unit = squashed / torch.where(torch.gt(largest, 0), largest, torch.ones_like(largest)) * 0.5 + 0.5',
    `weight = torch.round(unit * ${levels}) / ${levels} * 2.0 - 1.0`,
  ];
}

/** The quantized features of `x`. */
export function quantizedFeature(
  method: FeatureQuantizerMethod,
  bits: number,
  x: string,
): Pick<Script, 'lines' | 'value'> {
  if (method === 'lsq') {
    if (bits >= FLOAT_BITS) return { value: x };
    return { value: `${lsqLevels(`${x} / self.step`, 0, 2 ** bits - 1)} * self.step` };
  }
  const clipped = `torch.where(torch.ge(${x}, self.alpha), self.alpha, torch.relu(${x}))`;
  if (bits >= FLOAT_BITS) return { value: clipped };
  const lines = [`clipped = ${clipped}`, `unit = self.alpha / ${scriptFloat(2 ** bits - 1)}`];
  return { lines, value: 'torch.round(clipped / unit) * unit' };
}

const lsqLevels = (scaled: string, low: number, high: number): string =>
  `torch.round(torch.clamp(${scaled}, ${scriptFloat(low)}, ${scriptFloat(high)}))`;

/** `scale` where the value is not negative, else `-scale`. */
const signs = (value: string, scale: string): string =>
  `weight = torch.where(torch.ge(${value}, 0), ${scale}, torch.neg(${scale}))`;
