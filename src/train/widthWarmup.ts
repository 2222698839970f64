import { checkArguments } from '../core/check.js';
import { RandomStream } from '../core/rng.js';
import { dimensionsOf } from '../graph/graph.js';
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

/**
 * Gene values allowed at a step, widest first; every value once the warm-up is over.
 *
 * @param values all of them, as {@link widestFirst} orders them.
 */
export function allowedWidths(warmup: WidthWarmup, values: readonly number[], step: number): number[] {
  if (step < warmup.holdSteps) return values.slice(0, 1);
  if (step >= warmup.holdSteps + warmup.widenSteps) return [...values];
  const opened = Math.floor(((step - warmup.holdSteps) * (values.length - 1)) / warmup.widenSteps);
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
  const ordered = space.genes.map((gene) => (gene.kind === 'width' ? widestFirst(space, gene) : undefined));
  return {
    at(step) {
      const architecture = sampler.at(step);
      if (step >= warmup.holdSteps + warmup.widenSteps) return architecture;
      // Counters beyond 2^40 are no steps, so this stream is not the sampler's.
      const random = new RandomStream(seed, 'sampling', 2 ** 40 + step);
      return architecture.map((value, index) => {
        const values = ordered[index];
        if (values === undefined) return value;
        const allowed = allowedWidths(warmup, values, step);
        return allowed.includes(value) ? value : allowed[random.integer(allowed.length)]!;
      });
    },
  };
}

/**
 * The values of a width gene, from the most channels to the fewest: a space file may list numbers of channels in any order
 * beside ascending scales. Values of as many channels go by their labels, which are factors (`0.6`); where those are no
 * numbers, later values count as wider.
 */
export function widestFirst({ genes, layers }: SearchSpace, gene: Gene): number[] {
  const channels = new Array<number>(gene.size).fill(0);
  for (const { graph } of layers[gene.layer]?.choices ?? []) {
    for (const dim of graph.nodes.flatMap(dimensionsOf)) {
      if (typeof dim === 'number' || genes[dim.gene] !== gene) continue;
      dim.values.forEach((value, i) => {
        channels[i]! += value;
      });
    }
  }
  const factors = gene.labels.map(Number);
  const label = (value: number) => (factors.every(Number.isFinite) ? factors[value]! : value);
  const values = Array.from(channels, (_, value) => value).reverse();
  return values.sort((a, b) => channels[b]! - channels[a]! || label(b) - label(a));
}
