import { expected } from '../core/errors.js';
import type { TensorEntry } from '../runtime/native.js';
import type { ValidateResult } from '../supernet/supernet.js';

/** Adds how well logits [N, classes] agree with their labels; the loss is summed over images. */
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
    sum.correct += better === 0 ? 1 : 0;
    sum.top5 += better < 5 ? 1 : 0;
    sum.loss += Math.log(total) + largest - own;
  });
  sum.images += images;
}
