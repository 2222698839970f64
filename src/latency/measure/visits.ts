import { RandomStream } from '../../core/rng.js';
import type { LayerRows, SpaceRows } from '../rows.js';

/** One visit of what is measured: a row alone, or a random path. */
export interface Visit {
  index: number;
  /** Rows of the chain, as indices into `rows`. */
  chain: number[];
  timers: boolean;
}

/** Every row alone, `repetitions` times: each time all rows, in a random order of its own. */
export function isolatedVisits({ rows }: SpaceRows, repetitions: number, seed: number): Visit[] {
  return Array.from({ length: repetitions }, (_, repetition) =>
    shuffled(rows.length, new RandomStream(seed, 'split', repetition)),
  )
    .flat()
    .map((row, index) => ({ index, chain: [row], timers: false }));
}

/**
 * Path number `index` of an endless list in which each layer runs through its options in random order again and again:
 * as many paths as the largest layer has options hold every row.
 */
export function pathVisit({ layers }: SpaceRows, index: number, seed: number): Visit {
  const chain = layers.map((layer) => layer.rows[optionAt(layer, index, seed)]!);
  return { index, chain, timers: true };
}

function optionAt({ layer, rows }: LayerRows, index: number, seed: number): number {
  const round = Math.floor(index / rows.length);
  return shuffled(rows.length, new RandomStream(seed, 'sampling', round * 4096 + layer))[
    index % rows.length
  ]!;
}

/** A random permutation of 0 … size - 1 (Fisher-Yates). */
export function shuffled(size: number, random: RandomStream): number[] {
  const items = Array.from({ length: size }, (_, i) => i);
  for (let i = size - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [items[i], items[j]] = [items[j]!, items[i]!];
  }
  return items;
}
