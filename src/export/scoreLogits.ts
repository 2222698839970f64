import { expected, SinglePathError } from '../core/errors.js';
import type { TensorEntry } from '../runtime/native.js';
import type { ValidateResult } from '../supernet/supernet.js';

/**
 * Adds how well logits [N, classes] agree with their labels; the loss is summed over images.
 *
 * @throws SinglePathError `INVALID_ARGUMENT` where they do not fit, `NON_FINITE_LOSS`: no class is better than one that is NaN.
 */
export function addScore(sum: ValidateResult, { shape, data }: TensorEntry, labels: BigInt64Array): void {
  const [images = 0, classes = 0] = shape;
  if (images !== labels.length) throw expected(`logits of ${labels.length} images`, 'a score', images);
  labels.forEach((label, n) => {
    const row = data.subarray(n * classes, (n + 1) * classes);
    const own = row[Number(label)];
    if (own === undefined) throw expected(`labels below ${classes} classes`, 'a score', label);
    // How many classes come first; of equal ones the lower number does.
    const better = row.reduce(
      (count, value, c) => count + (value > own || (value === own && c < label) ? 1 : 0),
      0,
    );
    const largest = row.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
    const total = row.reduce((all, value) => all + Math.exp(value - largest), 0);
    const loss = Math.log(total) + largest - own;
    if (!Number.isFinite(loss)) {
      throw new SinglePathError('NON_FINITE_LOSS', `Expected a finite loss but received ${loss}`, {
        hint: 'the weights of this network are of a training that diverged, or its images are no numbers',
      });
    }
    sum.correct += better === 0 ? 1 : 0;
    sum.top5 += better < 5 ? 1 : 0;
    sum.loss += loss;
  });
  sum.images += images;
}
