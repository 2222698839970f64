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
    .describe('Number of held-out images that score every path; 0 uses all of them'),
  batchSize: z
    .int()
    .positive()
    .default(256)
    .describe(
      'Images at once. While a path is recalibrated a BatchNorm normalizes what follows by its own batch, so small ' +
        'batches change the statistics of deeper layers a little',
    ),
  naswotImages: z
    .int()
    .min(0)
    .max(256)
    .default(32)
    .describe('Held-out images of NASWOT, a score of the untrained network; 0 leaves it out'),
  imageMemory: memorySize
    .prefault(2048)
    .describe(
      'Memory for the decoded images that candidates are calibrated and scored on, in MiB or such as 4GB; a set that does not fit is decoded again for every population',
    ),
  memory: memorySize
    .nullable()
    .default(null)
    .describe(
      'Memory for the results of the layers with which several candidates begin, for BatchNorm statistics, and on a CPU for quantized weights (a quarter of it, or all of these where they take less), in MiB or such as 4GB; what does not fit is computed again. null means 1 GiB, or on a GPU a quarter of what is free there',
    ),
});

/** Which architectures are tried. Defaults: Algorithm 1 of arXiv 1904.00420. */
export const searchSchema = z
  .strictObject({
    algorithm: z
      .enum(['evolution', 'random', 'nsga2'])
      .default('evolution')
      .describe(
        'evolution: Algorithm 1; random: the same number of random candidates; nsga2: a Pareto front',
      ),
    population: z.int().positive().default(50).describe('Number of candidates in a generation'),
    topK: z
      .int()
      .positive()
      .nullable()
      .default(null)
      .describe(
        'Number of best candidates so far, from which the next generation is made; null means 10, or the population if that is less',
      ),
    generations: z
      .int()
      .min(0)
      .default(20)
      .describe('Number of generations after the first one, which is random'),
    mutations: z
      .int()
      .min(0)
      .nullable()
      .default(null)
      .describe(
        'Number of children that mutation makes in a generation; null means half of them, or what crossovers leave if that is less',
      ),
    crossovers: z
      .int()
      .min(0)
      .nullable()
      .default(null)
      .describe(
        'Number of children that crossover makes in a generation; null means half of them, or what mutations leave if that is less',
      ),
    mutationProbability: z
      .number()
      .min(0)
      .max(1)
      .default(0.1)
      .describe('Probability that a mutation draws a gene again'),
    constraints: z
      .array(z.string())
      .default([])
      .describe('All must hold, such as madds<=330M, params<=3.5M, bitops<=6.5G, latency[pi.lut]<=12ms'),
    objectives: z
      .array(z.string())
      .min(1)
      .default(['accuracy', 'madds'])
      .describe(
        'What nsga2 trades off: accuracy, which is to be large, and any costs, which are to be small',
      ),
    score: z
      .enum(['supernet', 'model'])
      .default('model')
      .describe(
        "What candidates are ranked by: supernet: their accuracy with the supernet's weights; model: accuracies and losses " +
          'smoothed over the genes, with what a count of units and NASWOT say, or with real trainings (calibrate); accuracies ' +
          'rank until there are twice as many candidates as all genes have values',
      ),
    calibrate: z
      .int()
      .min(0)
      .default(0)
      .describe(
        'Networks trained shortly before the search, so that the score model learns from real trainings',
      ),
    finalists: z
      .int()
      .min(0)
      .default(0)
      .describe('Candidates trained after the search, of which the best one wins; 0 trusts the score'),
    trial: z
      .strictObject({
        epochs: z
          .number()
          .positive()
          .default(2)
          .describe(
            'Passes over the training images; each further rung of the finalists takes twice as many',
          ),
        learningRate: z
          .number()
          .positive()
          .default(0.05)
          .describe('Largest learning rate, falls as a cosine'),
        batchSize: z.int().positive().default(128).describe('Images of one step'),
        init: z
          .enum(['supernet', 'fresh'])
          .default('supernet')
          .describe("First weights: the supernet's, or random ones"),
        rungs: z
          .int()
          .positive()
          .default(3)
          .describe('Rungs of the finalists: from one to the next half of them stay'),
      })
      .prefault({})
      .describe('Short trainings of candidates; what is not named here comes from retrain'),
    baseline: z
      .boolean()
      .default(false)
      .describe('Also run a random search with the same number of evaluations, to compare with'),
  })
  .superRefine((search, context) => {
    const { population } = search;
    const evaluations = population * (search.generations + 1);
    if (search.finalists > evaluations) {
      context.addIssue({
        code: 'custom',
        path: ['finalists'],
        message: `at most the candidates of the search, population x (generations + 1) = ${evaluations}`,
      });
    }
    if (search.calibrate > 0 && search.score !== 'model') {
      context.addIssue({
        code: 'custom',
        path: ['calibrate'],
        message: '0, or search.score: model, which is what learns from these networks',
      });
    }
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

/** Whether a search limits a latency. What constraints mean is told in a room above: `parseConstraint` of cost. */
export function limitsLatency({ constraints }: Pick<SearchConfig, 'constraints'>): boolean {
  return constraints.some((text) => text.includes('latency['));
}

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
