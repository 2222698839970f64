import { checkArguments } from '../core/check.js';
import { RandomStream } from '../core/rng.js';
import type { Architecture } from '../space/types.js';
import type { GeneSpace, Sampler } from './sampler.js';

/**
 * Strict fairness (FairNAS, arXiv 1907.01845): training goes in rounds of as many steps as the largest gene has
 * values. In a round each gene runs through a fresh random permutation of its values, so all are trained equally
 * often. Genes with fewer values repeat: each value floor or ceil of (round / values) times, the extra ones drawn
 * at random. FairNAS adds up the gradients of a round before it updates; here each path of the round updates on its
 * own. Every choice is on one path of the round either way, so only the layers without genes see a difference. The
 * setting `accumulate` adds up batches of one path, not paths.
 */
export class StrictFairnessSampler implements Sampler {
  /** Steps in a round. */
  readonly round: number;
  #cached: { number: number; columns: number[][] } | undefined;

  constructor(
    readonly space: GeneSpace,
    readonly seed: number,
  ) {
    checkArguments('StrictFairnessSampler', { geneSpace: space, seed });
    this.round = Math.max(1, ...space.genes.map((gene) => gene.size));
  }

  at(step: number): Architecture {
    const number = Math.floor(step / this.round);
    if (this.#cached?.number !== number) this.#cached = { number, columns: this.#columns(number) };
    return this.#cached.columns.map((column) => column[step % this.round]!);
  }

  /** For each gene the values of the round's steps. */
  #columns(number: number): number[][] {
    const random = new RandomStream(this.seed, 'sampling', number);
    return this.space.genes.map(({ size }) => {
      const values: number[] = [];
      while (values.length + size <= this.round) for (let v = 0; v < size; v++) values.push(v);
      const all = Array.from({ length: size }, (_, value) => value);
      values.push(...random.sample(all, this.round - values.length));
      return random.sample(values);
    });
  }
}
