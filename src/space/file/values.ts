/** The numbers of a space file: what may be written, and what it means in a layer. */

import { z } from 'zod';
import { SinglePathError } from '../../core/errors.js';
import type { Dim } from '../../graph/node/types.js';
import { FLOAT_BITS, MAX_BITS } from '../../graph/ops/quantizer.js';
import type { Pick } from '../define.js';

/** What expressions of a layer mean, and the genes it has. */
export interface Context {
  in: number;
  out: number;
  stride: number;
  classes: number;
  width?: { scales: readonly number[]; pick: Pick } | undefined;
  bits?: { pairs: readonly (readonly [number, number])[]; pick: Pick } | undefined;
}

const BITS = `bits from 1 to ${MAX_BITS}, or ${FLOAT_BITS} for float`;

const EXPRESSION = /^\$(in|out|stride|classes)(\s*[*/]\s*\d+(\.\d+)?)?$/;

export const value = z
  .union([
    z.int().min(0),
    z.string().regex(EXPRESSION, 'a number, or $in, $out, $stride, $classes (such as $out / 2)'),
  ])
  .describe(
    'A number, or one of the layer: $in, $out, $stride, $classes, optionally "* n" or "/ n", rounded down',
  );

export const dimension = z.union([
  value,
  z
    .strictObject({ width: z.union([value, z.array(z.int().positive()).min(1)]) })
    .describe('Chosen by the width gene: a number times the scale, rounded down, or one number per width'),
]);

export const bits = z
  .int()
  .refine((value) => (value >= 1 && value <= MAX_BITS) || value === FLOAT_BITS, BITS)
  .meta({ anyOf: [{ minimum: 1, maximum: MAX_BITS }, { const: FLOAT_BITS }] });

export type Value = z.infer<typeof value>;
type Dimension = z.infer<typeof dimension>;

/** A number, or `$name`, `$name * n`, `$name / n` rounded down. */
export function numberOf(value: Value, context: Context): number {
  if (typeof value === 'number') return value;
  const [, name, operator, factor] = /^\$(\w+)(?:\s*([*/])\s*([\d.]+))?$/.exec(value)!;
  const base = context[name as 'in' | 'out' | 'stride' | 'classes'];
  if (operator === undefined) return base;
  return roundedDown(operator === '*' ? base * Number(factor) : base / Number(factor));
}

/** What was written in decimals is meant: 100 * 0.29 is 29, where floating point has a little less. */
function roundedDown(value: number): number {
  return Math.floor(Number(value.toPrecision(15)));
}

/** A number, or one that follows the layer's width gene. */
export function dimensionOf(dimension: Dimension, context: Context): Dim {
  if (typeof dimension !== 'object') return numberOf(dimension, context);
  const { width } = dimension;
  if (!context.width) throw missing('widths');
  const { scales, pick } = context.width;
  if (Array.isArray(width)) {
    if (width.length === scales.length) return pick(width);
    throw new SinglePathError(
      'INVALID_SPACE',
      `Expected ${scales.length} numbers, one per width of the layer, but received ${width.length}`,
    );
  }
  const base = numberOf(width, context);
  return pick(scales.map((scale) => roundedDown(base * scale)));
}

/** Given bits, or those of the layer's gene: 0 of the pair for weights, 1 for features. */
export function bitsOf(bits: number | undefined, which: 0 | 1, context: Context): Dim {
  if (bits !== undefined) return bits;
  if (!context.bits) throw missing('bits');
  return context.bits.pick(context.bits.pairs.map((pair) => pair[which]));
}

function missing(gene: 'widths' | 'bits'): SinglePathError {
  return new SinglePathError(
    'INVALID_SPACE',
    `Expected the layer to have '${gene}', which one of its operations refers to`,
    {
      hint: gene === 'bits' ? 'for example bits: [[2, 2], [4, 4]]' : 'for example widths: [0.5, 1]',
    },
  );
}
