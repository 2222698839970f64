import type { NativeBatch, TensorEntry } from '../runtime/native.js';

/** How a network mixes classes up: `counts[true class][predicted class]`, in images. */
export interface Confusion {
  classNames: readonly string[];
  counts: number[][];
}

/** Runs a network over images and counts what it takes each class for; of equal logits the first counts. */
export async function countConfusion(
  forward: (batch: NativeBatch) => Promise<TensorEntry>,
  batches: readonly NativeBatch[],
  classNames: readonly string[],
): Promise<Confusion> {
  const counts = classNames.map(() => Array<number>(classNames.length).fill(0));
  for (const batch of batches) {
    const { data, shape } = await forward(batch);
    const classes = shape[1]!;
    // A network may have more logits than the data has classes.
    for (const row of counts) while (row.length < classes) row.push(0);
    Array.from(batch.labels(), Number).forEach((label, image) => {
      const logits = data.subarray(image * classes, (image + 1) * classes);
      const predicted = logits.reduce((best, value, i) => (value > logits[best]! ? i : best), 0);
      counts[label]![predicted]! += 1;
    });
  }
  return { classNames, counts };
}
