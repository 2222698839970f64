import { z } from 'zod';
import { memorySize } from './memory.js';

/** How a candidate is scored with inherited weights. */
export const evaluateSchema = z.strictObject({
  calibrationImages: z
    .int()
    .positive()
    .default(20_000)
    .describe(
      'Training images whose BatchNorm statistics (over all of them, not an average of batches) each path gets',
    ),
  validationImages: z
    .int()
    .min(0)
    .default(0)
    .describe('Held-out images that score every path; 0 uses all of them'),
  batchSize: z
    .int()
    .positive()
    .default(256)
    .describe(
      'Images at once. While a path is recalibrated a BatchNorm normalizes what follows by its own batch, so small ' +
        'batches change the statistics of deeper layers a little',
    ),
  memory: memorySize
    .prefault(1024)
    .describe(
      'What prefixes shared between candidates may take, in MiB or such as 4GB; beyond it they are recomputed',
    ),
});
export type EvaluateConfig = z.infer<typeof evaluateSchema>;

/** Which architectures are tried. Defaults: Algorithm 1 of arXiv 1904.00420. */
export const searchSchema = z
  .strictObject({
    algorithm: z
      .enum(['evolution', 'random', 'nsga2'])
      .default('evolution')
      .describe(
        'evolution: Algorithm 1; random: the same number of random candidates; nsga2: a Pareto front',
      ),
    population: z.int().positive().default(50).describe('Candidates of a generation'),
    topK: z
      .int()
      .positive()
      .nullable()
      .default(null)
      .describe(
        'Best candidates so far, from which the next generation comes; null is 10, at most the population',
      ),
    generations: z.int().min(0).default(20).describe('Generations after the random first one'),
    mutations: z
      .int()
      .min(0)
      .nullable()
      .default(null)
      .describe('Children of a generation made by mutation; null is half, or what crossovers leave if less'),
    crossovers: z
      .int()
      .min(0)
      .nullable()
      .default(null)
      .describe('Children of a generation made by crossover; null is half, or what mutations leave if less'),
    mutationProbability: z
      .number()
      .min(0)
      .max(1)
      .default(0.1)
      .describe('Probability that a mutation redraws a gene'),
    constraints: z
      .array(z.string())
      .default([])
      .describe('All must hold, such as madds<=330M, params<=3.5M, bitops<=6.5G, latency[pi.lut]<=12ms'),
    objectives: z
      .array(z.string())
      .min(1)
      .default(['accuracy', 'madds'])
      .describe('What nsga2 trades off: accuracy (largest) and any costs (smallest)'),
    baseline: z
      .boolean()
      .default(false)
      .describe('Also run a random search with the same number of evaluations'),
  })
  .superRefine((search, context) => {
    const { population } = search;
    const { topK, mutations, crossovers } = generationOf(search);
    const tooLarge = (key: string): void => {
      context.addIssue({ code: 'custom', path: [key], message: `at most population (${population})` });
    };
    if (topK > population) tooLarge('topK');
    if (mutations > population) tooLarge('mutations');
    if (mutations + crossovers > population) {
      context.addIssue({
        code: 'custom',
        path: ['crossovers'],
        message: `at most population - mutations (${population - mutations})`,
      });
    }
  });
export type SearchConfig = z.infer<typeof searchSchema>;

/** The numbers of a generation, those that follow from the population filled in (paper: 10, 25 and 25 of 50). */
export function generationOf(
  search: Pick<SearchConfig, 'population' | 'topK' | 'mutations' | 'crossovers'>,
): { topK: number; mutations: number; crossovers: number } {
  const { population } = search;
  const half = Math.floor(population / 2);
  const left = (taken: number): number => Math.max(0, population - taken);
  const mutations = search.mutations ?? Math.min(half, left(search.crossovers ?? 0));
  const crossovers = search.crossovers ?? Math.min(population - half, left(mutations));
  return { topK: search.topK ?? Math.min(10, population), mutations, crossovers };
}
