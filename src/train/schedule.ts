/**
 * Learning rate over the steps of a run: a linear warm-up, then the named fall over the remaining steps.
 * SPOS trains with `linear` and no warm-up (arXiv 1904.00420, section 4).
 */
export interface LearningRateSchedule {
  /** `linear`: straight to 0. `cosine`: half a cosine to 0 (arXiv 1608.03983, no restarts). `constant`: no fall. */
  kind: 'linear' | 'cosine' | 'constant';
  /** The largest learning rate. */
  learningRate: number;
  /** All steps of the run; after the last step the rate would be 0. */
  steps: number;
  /** The first steps, in which the rate rises linearly: step s of w trains with (s + 1) / w of the largest. */
  warmupSteps: number;
}

/** The learning rate of a step in [0, steps). A pure function, so resuming needs no state. */
export function learningRateAt(schedule: LearningRateSchedule, step: number): number {
  const { kind, learningRate, steps, warmupSteps } = schedule;
  if (step < warmupSteps) return (learningRate * (step + 1)) / warmupSteps;
  const progress = (step - warmupSteps) / (steps - warmupSteps);
  switch (kind) {
    case 'linear':
      return learningRate * (1 - progress);
    case 'cosine':
      return (learningRate * (1 + Math.cos(Math.PI * progress))) / 2;
    case 'constant':
      return learningRate;
  }
}
