import { expected } from '../core/errors.js';

/** How much better one network is than the mean of others on the same images, in accuracy, and how sure that is. */
export interface Advantage {
  difference: number;
  /** Standard error of the difference over the images, which are the same for all networks. */
  error: number;
  /** Whether the difference is larger than two standard errors: about 95 % confidence. */
  significant: boolean;
}

/**
 * Paired comparison: image by image, whether the network is right minus the share of the others that are right. Networks
 * err on the same images, so this is far more certain than comparing accuracies as if they came from different images.
 *
 * @param hits 1 where the network is right, 0 elsewhere, one per image.
 * @param others the same for at least one other network.
 * @throws SinglePathError `INVALID_ARGUMENT` for lists of different lengths or fewer than two images.
 */
export function pairedAdvantage(hits: ArrayLike<number>, others: readonly ArrayLike<number>[]): Advantage {
  const images = hits.length;
  if (images < 2 || others.length === 0 || others.some(({ length }) => length !== images))
    throw expected(
      'at least two images, the same for all networks,',
      'a paired comparison',
      [hits, ...others].map(({ length }) => length),
    );
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < images; i++) {
    let right = 0;
    for (const other of others) right += other[i]!;
    const difference = hits[i]! - right / others.length;
    sum += difference;
    squares += difference * difference;
  }
  const difference = sum / images;
  const variance = (squares - images * difference * difference) / (images - 1);
  const error = Math.sqrt(Math.max(0, variance) / images);
  return { difference, error, significant: difference > 2 * error };
}
