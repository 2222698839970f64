import { checkArguments } from '../core/check.js';
import { RandomStream } from '../core/rng.js';
import type { Sampler } from '../sampling/sampler.js';
import type { Gene, SearchSpace } from '../space/types.js';

/**
 * Width warm-up `widest-first`: training shared weights of all widths from scratch is known to diverge
 * (CanyonWind's re-implementation of the channel search of arXiv 1904.00420), so width genes start at their widest value
 * and the set opens downwards, value by value, in equal parts of the warm-up.
 */
export interface WidthWarmup {
  /** Steps in which only the widest value is allowed. */
  holdSteps: number;
  /** Steps after those, over which the other values open; the narrowest is allowed from their end on. */
  widenSteps: number;
}

/** Gene values allowed at a step, widest first; every value once the warm-up is over. */
export function allowedWidths(warmup: WidthWarmup, gene: Gene, step: number): number[] {
  const values = widestFirst(gene);
  if (step < warmup.holdSteps) return values.slice(0, 1);
  if (step >= warmup.holdSteps + warmup.widenSteps) return values;
  const opened = Math.floor(((step - warmup.holdSteps) * (gene.size - 1)) / warmup.widenSteps);
  return values.slice(0, 1 + opened);
}

/**
 * Restricts a sampler to the allowed widths: width genes drawn outside them are redrawn uniformly inside, so a
 * uniform sampler stays uniform. Constraints of the sampler hold again when the warm-up is over: the widest paths
 * cannot meet them.
 */
export function withWidthWarmup(
  sampler: Sampler,
  space: SearchSpace,
  warmup: WidthWarmup,
  seed: number,
): Sampler {
  checkArguments('withWidthWarmup()', { sampler, space, settings: warmup, seed });
  return {
    at(step) {
      const architecture = sampler.at(step);
      if (step >= warmup.holdSteps + warmup.widenSteps) return architecture;
      // Counters beyond 2^40 are no steps, so this stream is not the sampler's.
      const random = new RandomStream(seed, 'sampling', 2 ** 40 + step);
      return architecture.map((value, index) => {
        const gene = space.genes[index]!;
        if (gene.kind !== 'width') return value;
        const allowed = allowedWidths(warmup, gene, step);
        return allowed.includes(value) ? value : allowed[random.integer(allowed.length)]!;
      });
    },
  };
}

/** Labels of widths are factors (`0.6`); where they are no numbers, later values count as wider. */
function widestFirst(gene: Gene): number[] {
  const width = (value: number) => Number(gene.labels[value]);
  const values = Array.from({ length: gene.size }, (_, value) => value).reverse();
  return values.every((value) => Number.isFinite(width(value)))
    ? values.sort((a, b) => width(b) - width(a))
    : values;
}
