import { checkArguments } from '../core/check.js';
import { expected, SinglePathError } from '../core/errors.js';
import { RandomStream } from '../core/rng.js';
import type { Dataset } from './dataset.js';

/**
 * Sets `count` images aside, class by class in proportion, drawn by `seed` alone. The paper holds out 50 images of
 * every ImageNet class to score candidates. Also the way to a balanced random subset, for instance to calibrate on.
 *
 * @returns Two views on the same data set; dispose each of them.
 * @throws SinglePathError `INVALID_ARGUMENT` unless 0 <= count < size.
 */
export function splitHeldOut(
  dataset: Dataset,
  count: number,
  seed: number,
): { train: Dataset; heldOut: Dataset } {
  checkArguments('splitHeldOut()', { dataset, seed });
  if (!Number.isInteger(count) || count < 0 || count >= dataset.size) {
    throw expected(`an integer from 0 to ${dataset.size - 1}`, 'the number of held-out images', count, {
      hint: `there are ${dataset.size} to take them from; data.heldOut sets the number`,
    });
  }
  const sizes = Array<number>(dataset.classes).fill(0);
  for (const label of dataset.labels()) sizes[label]! += 1;
  return split(dataset, proportionalQuotas(sizes, count), seed);
}

/** `quotas[label]` images of every class on one side, drawn by `seed`, the others on the other. */
function split(
  dataset: Dataset,
  quotas: readonly number[],
  seed: number,
): { train: Dataset; heldOut: Dataset } {
  const byClass: number[][] = Array.from({ length: dataset.classes }, () => []);
  dataset.labels().forEach((label, position) => {
    byClass[label]!.push(position);
  });
  const chosen = new Uint8Array(dataset.size);
  byClass.forEach((positions, label) => {
    const random = new RandomStream(seed, 'split', label);
    for (const position of random.sample(positions, quotas[label]!)) chosen[position] = 1;
  });
  const all = [...chosen.keys()];
  return {
    train: dataset.subset(all.filter((position) => chosen[position] === 0)),
    heldOut: dataset.subset(all.filter((position) => chosen[position] === 1)),
  };
}

/**
 * The same with `count` images of every class.
 *
 * @throws SinglePathError `INVALID_DATASET` naming a class that has no more than these.
 */
export function splitPerClass(
  dataset: Dataset,
  count: number,
  seed: number,
): { train: Dataset; heldOut: Dataset } {
  checkArguments('splitPerClass()', { dataset, seed });
  const sizes = Array<number>(dataset.classes).fill(0);
  for (const label of dataset.labels()) sizes[label]! += 1;
  const small = sizes.findIndex((size) => size > 0 && size <= count);
  if (small !== -1) {
    throw new SinglePathError(
      'INVALID_DATASET',
      `Expected more than ${count} images of each class but '${dataset.classNames[small]}' has ${sizes[small]}`,
      { hint: 'hold fewer out: data.heldOutPerClass, or data.heldOut for a number in proportion' },
    );
  }
  return split(
    dataset,
    sizes.map((size) => Math.min(size, count)),
    seed,
  );
}

/** Integer shares of `total` in proportion to `sizes` (largest remainders; ties go to the first). */
function proportionalQuotas(sizes: number[], total: number): number[] {
  const all = sizes.reduce((sum, size) => sum + size, 0);
  const quotas = sizes.map((size) => Math.floor((total * size) / all));
  const byRemainder = sizes
    .map((size, index) => ({ index, remainder: (total * size) % all }))
    .sort((a, b) => b.remainder - a.remainder || a.index - b.index);
  const missing = total - quotas.reduce((sum, quota) => sum + quota, 0);
  for (const { index } of byRemainder.slice(0, missing)) quotas[index]! += 1;
  return quotas;
}
