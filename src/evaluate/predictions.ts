import type { NativeBatch, TensorEntry } from '../runtime/native.js';

/** What a network takes an image for. */
export interface Prediction {
  label: number;
  predicted: number;
  /** Logits of the network; they may be more than the classes of the data. */
  classes: number;
}

/** Runs a network over images, in their order; of equal logits the first counts. */
export async function* predictions(
  forward: (batch: NativeBatch) => Promise<TensorEntry>,
  batches: readonly NativeBatch[],
): AsyncGenerator<Prediction> {
  for (const batch of batches) {
    const { data, shape } = await forward(batch);
    const classes = shape[1]!;
    for (const [image, label] of Array.from(batch.labels(), Number).entries()) {
      const logits = data.subarray(image * classes, (image + 1) * classes);
      const predicted = logits.reduce((best, value, i) => (value > logits[best]! ? i : best), 0);
      yield { label, predicted, classes };
    }
  }
}
