import { expected } from '../core/errors.js';
import type { NativeBatch } from '../runtime/native.js';
import type { SearchSpace } from '../space/types.js';

/**
 * Images and labels must be the space's: native weights are slices of the largest size, so fewer channels would
 * run without a word, and a label beyond the classes ends a CUDA device's work for good.
 *
 * @throws SinglePathError `INVALID_ARGUMENT`
 */
export function checkBatch({ name, input, classes }: SearchSpace, batch: NativeBatch): void {
  const [, ...image] = batch.shape;
  const wanted = [input.channels, input.size, input.size];
  if (image.some((size, d) => size !== wanted[d])) {
    throw expected(`images of shape [${wanted.join(', ')}]`, `a batch of '${name}'`, image);
  }
  const wrong = batch.labels().find((label) => label < 0n || label >= classes);
  if (wrong !== undefined) {
    throw expected(`labels from 0 to ${classes - 1}`, `a batch of '${name}'`, Number(wrong));
  }
}
