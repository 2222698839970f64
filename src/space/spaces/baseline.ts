import { expected } from '../../core/errors.js';
import { graphCost } from '../../graph/walk.js';
import { inputShape } from '../check.js';
import { fixGenes } from '../subnet.js';
import type { SearchSpace } from '../types.js';
import { IMAGENET, type ShuffleNetOptions, shuffleNetV2 } from './shufflenetV2.js';

export interface BaselineOptions extends Omit<ShuffleNetOptions, 'table' | 'widths'> {
  /** The block used everywhere: 0 = 3x3, 1 = 5x5, 2 = 7x7, 3 = xception. */
  choice: number;
  /** MAdds to come close to. */
  madds: number;
}

/** Blocks divide channels into even and odd ones: widths stay even. */
const WIDTH_STEP = 2;

/**
 * "All choice k" of the paper's table 3: one block everywhere, all stage widths times one factor, so that MAdds come
 * as close to the target as widths allow. Stem and last convolution keep their width. No genes.
 *
 * @throws SinglePathError `INVALID_ARGUMENT` where the target is out of reach.
 */
export function scaledBaseline({ choice, madds, ...options }: BaselineOptions): SearchSpace {
  const build = (factor: number): SearchSpace => {
    const stages = IMAGENET.stages.map(
      ([width, repeat, stride]) =>
        [
          Math.max(WIDTH_STEP, Math.round((width * factor) / WIDTH_STEP) * WIDTH_STEP),
          repeat,
          stride,
        ] as const,
    );
    const space = shuffleNetV2({ ...options, table: { ...IMAGENET, stages }, widths: false });
    return fixGenes(space, new Array<number>(space.genes.length).fill(choice));
  };
  const wanted = expected('a positive number of MAdds within reach', `madds of '${options.name}'`, madds);
  if (!(madds > 0)) throw wanted;

  let [low, high] = [SMALLEST, LARGEST];
  if (maddsOf(build(low)) > madds || maddsOf(build(high)) < madds) throw wanted;
  while (high - low > 1e-3) {
    const middle = (low + high) / 2;
    if (maddsOf(build(middle)) > madds) high = middle;
    else low = middle;
  }
  const [below, above] = [build(low), build(high)];
  return madds - maddsOf(below) <= maddsOf(above) - madds ? below : above;
}

/** Bounds of the factor. Stage 1 has to stay wider than the stem, whose channels its first block passes on. */
const SMALLEST = 0.4;
const LARGEST = 16;

function maddsOf(space: SearchSpace): number {
  let shape = inputShape(space);
  let total = 0;
  for (const { choices } of space.layers) {
    const { cost, output } = graphCost(choices[0]!.graph, shape, Number);
    total += cost.madds;
    shape = output;
  }
  return total;
}
