import type { Architecture } from '../space/types.js';

/** What a sampler needs to know of a search space. */
export interface GeneSpace {
  name: string;
  genes: readonly { name: string; size: number; layer: number }[];
}

/**
 * Which path each training step runs. A pure function of the step number, so a run resumes from the number alone
 * and every data-parallel rank computes the same path.
 */
export interface Sampler {
  /** Architecture of step 0, 1, 2, … */
  at(step: number): Architecture;
}
