import type { NativeBatch, TensorEntry } from '../runtime/native.js';
import { predictions } from './predictions.js';

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
  for await (const { label, predicted, classes } of predictions(forward, batches)) {
    for (const row of counts) while (row.length < classes) row.push(0);
    counts[label]![predicted]! += 1;
  }
  return { classNames, counts };
}
