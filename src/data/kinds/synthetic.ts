import type { DatasetDefinition } from './kind.js';

export interface SyntheticOptions {
  /** [channels, height, width]; default [1, 28, 28]. */
  shape?: readonly [number, number, number];
  /** Default 10. */
  classes?: number;
  /** Number of images; default 1000. */
  trainImages?: number;
  /** Number of images; default 200. */
  testImages?: number;
  /** Default 0. */
  seed?: number;
}

export interface SyntheticSource {
  format: 'synthetic';
  count: number;
  channels: number;
  height: number;
  width: number;
  classes: number;
  seed: number;
  /** Images of different splits differ, the patterns of the classes are the same. */
  split: number;
}

/** Learnable images made up from a seed: plane waves per class, shifted, with noise. */
export const synthetic = {
  source(options, split) {
    const { shape = [1, 28, 28], trainImages = 1000, testImages = 200, seed = 0 } = options;
    const [channels, height, width] = shape;
    const [count, number] = split === 'train' ? [trainImages, 0] : [testImages, 1];
    const classes = classesOf(options);
    return { format: 'synthetic', count, channels, height, width, classes, seed, split: number };
  },

  classes: classesOf,

  fromConfig: ({ trainImages, testImages }, { channels, size, classes }) => ({
    shape: [channels, size, size] as const,
    classes,
    ...(trainImages !== null && { trainImages }),
    ...(testImages !== null && { testImages }),
  }),
} satisfies DatasetDefinition<SyntheticOptions, SyntheticSource>;

function classesOf({ classes = 10 }: SyntheticOptions): number {
  return classes;
}
