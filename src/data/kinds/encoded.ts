import { expected } from '../../core/errors.js';
import type { DatasetDefinition } from './kind.js';
import { checkedLabels } from './labels.js';

/** JPEG and PNG files in memory. */
export interface EncodedImages {
  images: readonly Uint8Array[];
  /** One class number per image, from 0. */
  labels: ArrayLike<number>;
}

export interface EncodedOptions {
  train: EncodedImages;
  test?: EncodedImages;
}

export interface EncodedSource {
  format: 'encoded';
  images: readonly Uint8Array[];
  labels: Int32Array;
}

/** Image files that a program holds in memory, decoded whenever they are needed. */
export const encoded = {
  source(options, split) {
    const given = options[split];
    if (given === undefined) throw expected('images', `the ${split} split of the encoded images`, given);
    const labels = checkedLabels(given.labels, 'the encoded images');
    return { format: 'encoded', images: given.images, labels };
  },
} satisfies DatasetDefinition<EncodedOptions, EncodedSource>;
