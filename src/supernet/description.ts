/** What a space says to the native side, and what it demands of images. */

import { expected } from '../core/errors.js';
import type { NativeBatch, NetworkDescription } from '../runtime/native.js';
import { parametersOf } from '../space/parameters.js';
import type { SearchSpace } from '../space/types.js';

/** What the native executor needs of a space: native/graph/graph.h. */
export function describeNetwork(space: SearchSpace): NetworkDescription {
  return {
    layers: space.layers.map(({ name, gene = -1, choices }) => ({ name, gene, choices })),
    genes: space.genes.map(({ size, layer }) => ({ size, layer })),
    parameters: parametersOf(space),
  };
}

/**
 * Images and labels must be the space's: native weights are slices of the largest size, so fewer channels would
 * run without a word, and a label beyond the classes ends a CUDA device's work for good.
 *
 * @throws SinglePathError `INVALID_ARGUMENT`
 */
export function checkBatch({ name, input, classes }: SearchSpace, batch: NativeBatch): void {
  const shape = batch?.shape as unknown;
  if (!Array.isArray(shape)) throw expected('a Batch', `a call of '${name}'`, batch);
  const [, ...image] = shape as number[];
  const wanted = [input.channels, input.size, input.size];
  if (image.some((size, d) => size !== wanted[d])) {
    throw expected(`images of shape [${wanted.join(', ')}]`, `a batch of '${name}'`, image);
  }
  const wrong = batch.labels().find((label) => label < 0n || label >= classes);
  if (wrong !== undefined) {
    throw expected(`labels from 0 to ${classes - 1}`, `a batch of '${name}'`, Number(wrong));
  }
}
