import { SinglePathError } from '../core/errors.js';
import type { TensorEntry } from '../runtime/native.js';

/** How far the logits of an exported network are from those of the network it was made of. */
export interface Parity {
  /** Largest absolute difference. */
  difference: number;
  /** Largest absolute logit. */
  largestLogit: number;
  /** Difference as a part of the largest logit, and the most allowed. */
  relative: number;
  tolerance: number;
  images: number;
}

/**
 * Compares logits [N, classes].
 *
 * @throws SinglePathError `EXPORT_MISMATCH` where they differ by more than `tolerance`, relative to the largest, or
 *   are not finite.
 */
export function checkParity(reference: TensorEntry, exported: TensorEntry, tolerance: number): Parity {
  if (reference.shape.join() !== exported.shape.join()) {
    throw mismatch(`logits [${reference.shape}]`, `[${exported.shape}]`);
  }
  let [difference, largestLogit] = [0, 0];
  reference.data.forEach((value, i) => {
    const other = exported.data[i]!;
    // NaN would lose every comparison and pass.
    if (!Number.isFinite(value) || !Number.isFinite(other))
      throw mismatch('finite logits', `${value}, ${other}`);
    difference = Math.max(difference, Math.abs(value - other));
    largestLogit = Math.max(largestLogit, Math.abs(value));
  });
  const relative = difference === 0 ? 0 : difference / largestLogit;
  if (relative > tolerance) {
    throw mismatch(
      `logits within ${tolerance} of the largest, ${largestLogit.toPrecision(4)},`,
      `a difference of ${difference.toPrecision(4)}`,
    );
  }
  return { difference, largestLogit, relative, tolerance, images: reference.shape[0]! };
}

function mismatch(what: string, got: string): SinglePathError {
  return new SinglePathError(
    'EXPORT_MISMATCH',
    `Expected ${what} from the exported network but received ${got}`,
    { hint: 'nothing was written; `singlepath evaluate` tells whether the weights are good' },
  );
}
