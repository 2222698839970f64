import type { Dataset } from './dataset.js';
import { type Normalization, presetNormalization } from './normalize.js';

/** Images that are decoded at most: as many as the addon takes of a whole split. */
const MOST_DECODED = 4000;
const BATCH = 32;

/** With it batches hold the bytes of the images, from 0 to 255. */
export function asBytes(channels: number): Normalization {
  return presetNormalization('bytes', channels, false);
}

/**
 * Mean and standard deviation per channel, in units of 0..1, of the images of a view: of at most 4,000, evenly spread. The
 * addon tells them of a whole split alone.
 *
 * @throws SinglePathError `INVALID_DATASET` where an image is broken and none may be.
 */
export async function statisticsOf(images: Dataset): Promise<Normalization> {
  const [channels] = images.shape;
  const count = Math.min(images.size, MOST_DECODED);
  const indices = Array.from({ length: count }, (_, i) => Math.floor((i * images.size) / count));
  using view = images.normalizedBy(asBytes(channels));
  using loader = view.loader({ batchSize: Math.min(BATCH, count), indices });
  // Counting the 256 values keeps the sums exact.
  const counts = Array.from({ length: channels }, () => new Float64Array(256));
  for await (const batch of loader.epoch(0)) {
    countBytes(batch.images(), batch.shape, counts);
    batch.dispose();
  }
  const moments = counts.map(momentsOf);
  return { mean: moments.map(({ mean }) => mean), std: moments.map(({ std }) => std) };
}

function countBytes(
  pixels: Float32Array,
  [images, channels, height, width]: readonly [number, number, number, number],
  counts: readonly Float64Array[],
): void {
  const plane = height * width;
  for (let at = 0; at < images * channels; at++) {
    const own = counts[at % channels]!;
    for (let i = at * plane; i < (at + 1) * plane; i++) own[Math.round(pixels[i]!)]! += 1;
  }
}

function momentsOf(counts: Float64Array): { mean: number; std: number } {
  let [all, sum, squares] = [0, 0, 0];
  counts.forEach((times, value) => {
    all += times;
    sum += times * value;
    squares += times * value * value;
  });
  const mean = sum / all;
  return { mean: mean / 255, std: Math.sqrt(Math.max(0, squares / all - mean * mean)) / 255 };
}
