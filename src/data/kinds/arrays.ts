import { expected } from '../../core/errors.js';
import type { DatasetDefinition } from './kind.js';
import { checkedLabels } from './labels.js';

/** Images given as bytes. */
export interface ArraySource {
  /** NHWC order. */
  pixels: Uint8Array;
  /** [count, channels, height, width]. */
  shape: readonly [number, number, number, number];
  /** One class number per image, from 0. */
  labels: ArrayLike<number>;
}

export interface ArraysOptions {
  train: ArraySource;
  test?: ArraySource;
}

export interface ArraysSource {
  format: 'arrays';
  pixels: Uint8Array;
  shape: readonly [number, number, number, number];
  labels: Int32Array;
}

/** Images in memory. */
export const arrays = {
  source(options, split) {
    const images = options[split];
    if (typeof images !== 'object' || images === null)
      throw expected('images', `the ${split} split of the arrays`, images);
    const { pixels, shape, labels } = images;
    if (!(pixels instanceof Uint8Array)) throw expected('a Uint8Array', 'the pixels of the arrays', pixels);
    if (shape?.length !== 4 || !shape.every((side) => Number.isInteger(side) && side > 0)) {
      throw expected('[count, channels, height, width]', 'the shape of the arrays', shape);
    }
    return { format: 'arrays', pixels, shape, labels: checkedLabels(labels, 'the arrays') };
  },
} satisfies DatasetDefinition<ArraysOptions, ArraysSource>;
