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
  /** Part of the images whose largest logit is the same class. */
  agreement: number;
}

export interface ParityBounds {
  /** Most that logits may differ, relative to the largest. */
  tolerance: number;
  /**
   * For quantized networks: images of which this part has the same class may differ by more. Where sums are rounded
   * otherwise a feature between two levels falls on the other one, and the layers behind amplify that: a ResNet-18
   * in float32 and in float64 differ as much.
   */
  agreement?: number | undefined;
  /** What to do where they differ. */
  hint?: string;
}

const HINT = 'nothing was written; `singlepath evaluate` tells whether the weights are good';

/**
 * Compares logits [N, classes].
 *
 * @throws SinglePathError `EXPORT_MISMATCH` where they differ by more than `tolerance`, relative to the largest, or
 *   are not finite.
 */
export function checkParity(
  reference: TensorEntry,
  exported: TensorEntry,
  { tolerance, agreement: enough = Number.POSITIVE_INFINITY, hint = HINT }: ParityBounds,
): Parity {
  const mismatch = (what: string, got: string): SinglePathError =>
    new SinglePathError('EXPORT_MISMATCH', `Expected ${what} from the exported network but received ${got}`, {
      hint,
    });
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
  const agreement = agreementOf(reference, exported);
  if (relative > tolerance && agreement < enough) {
    throw mismatch(
      `logits within ${tolerance} of the largest, ${largestLogit.toPrecision(4)},`,
      `a difference of ${difference.toPrecision(4)}`,
    );
  }
  return { difference, largestLogit, relative, tolerance, images: reference.shape[0]!, agreement };
}

function agreementOf(reference: TensorEntry, exported: TensorEntry): number {
  const [images = 0, classes = 0] = reference.shape;
  const best = ({ data }: TensorEntry, image: number) => {
    const row = data.subarray(image * classes, (image + 1) * classes);
    return row.indexOf(row.reduce((a, b) => Math.max(a, b)));
  };
  const same = Array.from({ length: images }, (_, image) => best(reference, image) === best(exported, image));
  return same.filter(Boolean).length / images;
}
