/** The variants of variants.ts: what of the supernet's training, or of its scoring, each does in another way. */

import type { Config } from '../../src/config/schema/config.js';
import { RandomStream } from '../../src/core/rng.js';
import { costTable } from '../../src/cost/cost.js';
import { costStatistics } from '../../src/cost/statistics.js';
import { tableCost } from '../../src/cost/table.js';
import type { Dataset } from '../../src/data/dataset.js';
import { inheritWeights } from '../../src/export/inherit.js';
import { trainingLoader } from '../../src/pipeline/images/images.js';
import { createNetwork } from '../../src/pipeline/setup/fromConfig.js';
import type { NativeBatch, StepOptions, StepResult, TensorEntry } from '../../src/runtime/native.js';
import type { Sampler } from '../../src/sampling/sampler.js';
import { UniformSampler } from '../../src/sampling/uniform.js';
import type { Score } from '../../src/search/types.js';
import { deriveSubnet, fixGenes } from '../../src/space/subnet.js';
import type { Architecture, SearchSpace } from '../../src/space/types.js';
import type { Supernet } from '../../src/supernet/supernet.js';
import type { Recipe } from '../../src/train/recipe.js';
import { LIMIT } from './setting.js';

type Steps = Pick<Supernet, 'step'>;

export interface Bench {
  space: SearchSpace;
  config: Config;
  images: Dataset;
  /** Trains a supernet of a space as the configuration says, but for what is changed. */
  train(
    space: SearchSpace,
    sampler?: Sampler,
    change?: {
      start?: (network: Supernet) => Promise<void>;
      recipe?: Partial<Recipe>;
      wrap?: (network: Supernet, recipe: Recipe) => Steps;
    },
  ): Promise<Supernet>;
  score(network: Supernet, architectures: readonly Architecture[]): Promise<Score[]>;
}

export interface Variant {
  set?: string[];
  run(bench: Bench, architectures: readonly Architecture[]): Promise<Score[]>;
}

const plain: Variant['run'] = async (bench, architectures) => {
  using network = await bench.train(bench.space);
  return await bench.score(network, architectures);
};

const sampled = (sampler: (bench: Bench) => Sampler): Variant => ({
  async run(bench, architectures) {
    using network = await bench.train(bench.space, sampler(bench));
    return await bench.score(network, architectures);
  },
});

export const VARIANTS: Record<string, Variant> = {
  uniform: { run: plain },
  'twice-the-images': { set: ['train.epochs=16'], run: plain },
  'batch-256': { set: ['train.batchSize=256', 'train.learningRate=0.2', 'train.warmupSteps=12'], run: plain },
  'batch-16': { set: ['train.batchSize=16', 'train.learningRate=0.05', 'train.warmupSteps=200'], run: plain },
  'no-warmup-no-clip': { set: ['train.warmupSteps=0', 'train.clipGradientNorm=0'], run: plain },
  'rate-0.05': { set: ['train.learningRate=0.05'], run: plain },
  'rate-0.2': { set: ['train.learningRate=0.2'], run: plain },

  /** Each choice has a scale and a shift of its own, as when it is trained alone. */
  affine: {
    async run(bench, architectures) {
      using network = await bench.train(affine(bench.space));
      return await bench.score(network, architectures);
    },
  },
  /** Standard deviation 1 / sqrt(3 fan in), as nn.Conv2d starts; ours is sqrt(2 / fan out). */
  'pytorch-init': {
    async run(bench, architectures) {
      using network = await bench.train(bench.space, undefined, { start: pytorchStart });
      return await bench.score(network, architectures);
    },
  },
  'affine-pytorch-init': {
    async run(bench, architectures) {
      using network = await bench.train(affine(bench.space), undefined, { start: pytorchStart });
      return await bench.score(network, architectures);
    },
  },

  'strict-fairness': { set: ['train.sampler=strict-fairness'], run: plain },
  /** Only paths under the limit are trained. */
  constrained: { set: ['train.sampler=constrained', `train.constraints=[${LIMIT}]`], run: plain },
  /** As many paths of each depth. */
  'balanced-depth': sampled(({ space, config }) => ({
    at(step) {
      const random = new RandomStream(config.seed, 'sampling', step);
      const depth = random.integer(space.genes.length + 1);
      const used = new Set(
        random.sample(
          space.genes.map((_, gene) => gene),
          depth,
        ),
      );
      return space.genes.map(({ size }, gene) => (used.has(gene) ? 1 + random.integer(size - 1) : 0));
    },
  })),
  /** As many paths in each tenth of the range of MAdds in which all but 2 % of them are. */
  'balanced-madds': sampled((bench) => {
    const { quantile } = statistics(bench);
    const bins = [0.01, 0.99].map(quantile) as [number, number];
    const table = costTable(bench.space, 'madds');
    const uniform = new UniformSampler(bench.space, bench.config.seed);
    return {
      at(step) {
        const random = new RandomStream(bench.config.seed, 'sampling', step);
        const from = bins[0] + (random.integer(10) * (bins[1] - bins[0])) / 10;
        for (let attempt = 0; ; attempt++) {
          const architecture = uniform.at(1e6 + 1000 * step + attempt);
          const cost = tableCost(table, architecture);
          if ((cost >= from && cost < from + (bins[1] - bins[0]) / 10) || attempt === 999)
            return architecture;
        }
      },
    };
  }),

  /** DYNAS (CVPR 2025): the rate of large paths falls late, that of small ones early; sizes by MAdds. */
  'rate-by-size': {
    async run(bench, architectures) {
      const table = costTable(bench.space, 'madds');
      const { quantile } = statistics(bench);
      const [least, most] = [quantile(0.01), quantile(0.99)];
      using network = await bench.train(bench.space, undefined, {
        wrap: (inner, { learningRate }) =>
          ({
            step: (batches: NativeBatch[], architecture: Architecture, options: StepOptions) => {
              const size = (tableCost(table, architecture) - least) / (most - least);
              const power = 4 ** (1 - 2 * Math.min(1, Math.max(0, size)));
              const factor = options.learningRate / learningRate;
              return inner.step(batches, architecture, {
                ...options,
                learningRate: learningRate * factor ** power,
              });
            },
          }) as Steps,
      });
      return await bench.score(network, architectures);
    },
  },

  /** Every second step trains the path of the most MAdds, as in-place distillation does, which learns from its outputs. */
  'largest-every-second': {
    async run(bench, architectures) {
      const largest = largestPath(bench.space);
      let steps = 0;
      using network = await bench.train(bench.space, undefined, {
        wrap: (inner) =>
          ({
            step: (batches: NativeBatch[], architecture: Architecture, options: StepOptions) =>
              inner.step(batches, steps++ % 2 === 0 ? largest : architecture, options),
          }) as Steps,
      });
      return await bench.score(network, architectures);
    },
  },

  /** FairNAS as it is written: the gradients of a round of paths, each choice once, add up to one update. */
  'six-paths-an-update': {
    set: ['train.sampler=strict-fairness', 'train.warmupSteps=8'],
    async run(bench, architectures) {
      using network = await bench.train(bench.space, undefined, { wrap: roundOfPaths });
      return await bench.score(network, architectures);
    },
  },

  /** Few-shot NAS (arXiv 2006.06863): half of the images for one supernet, the other for six that go on from it, each with one choice of the first layer. */
  'few-shot': {
    async run(bench, architectures) {
      const { epochs } = bench.config.train;
      const steps = Math.floor(bench.images.size / bench.config.train.batchSize) * epochs!;
      using whole = await bench.train(bench.space, undefined, {
        recipe: { steps: steps / 2, schedule: 'constant' },
      });
      const state = await whole.state();
      const scores: Score[] = [];
      for (let choice = 0; choice < bench.space.genes[0]!.size; choice++) {
        const part = fixGenes(bench.space, [choice]);
        using network = await bench.train(part, new UniformSampler(part, bench.config.seed), {
          start: async (fresh) => {
            const names = new Set((await fresh.state()).map(({ name }) => name));
            await fresh.load(state.filter(({ name }) => names.has(name) && !name.startsWith('optimizer.')));
          },
          recipe: { steps: Math.round(steps / 2 / bench.space.genes[0]!.size), warmupSteps: 0 },
        });
        const own = architectures.flatMap((genes, i) => (genes[0] === choice ? [i] : []));
        if (own.length === 0) continue;
        const found = await bench.score(
          network,
          own.map((i) => architectures[i]!.slice(1)),
        );
        own.forEach((i, k) => {
          scores[i] = found[k]!;
        });
      }
      return scores;
    },
  },

  /** Each network trains 30 steps on from the weights it inherits before it is scored: 1.8 times the images. */
  adapted: {
    async run(bench, architectures) {
      using network = await bench.train(bench.space);
      const state = await network.state();
      const scores: Score[] = [];
      for (const architecture of architectures) scores.push(await adapted(bench, architecture, state, 30));
      return scores;
    },
  },
};

function largestPath(space: SearchSpace): Architecture {
  const table = costTable(space, 'madds');
  return space.genes.map(({ size }, gene) => {
    const costs = Array.from({ length: size }, (_, value) =>
      tableCost(
        table,
        space.genes.map((_, other) => (other === gene ? value : 0)),
      ),
    );
    return costs.indexOf(Math.max(...costs));
  });
}

function statistics({ space }: Bench) {
  const all = costStatistics(space, costTable(space, 'madds'));
  return { quantile: (share: number) => all.quantile(share) };
}

function affine(space: SearchSpace): SearchSpace {
  return {
    ...space,
    name: `${space.name}-affine`,
    layers: space.layers.map((layer) => ({
      ...layer,
      choices: layer.choices.map(({ name, graph }) => ({
        name,
        graph: {
          nodes: graph.nodes.map((node) => (node.op === 'batchNorm' ? { ...node, affine: true } : node)),
        },
      })),
    })),
  };
}

async function pytorchStart(network: Supernet): Promise<void> {
  const changed: TensorEntry[] = [];
  for (const entry of await network.state()) {
    if (entry.shape.length !== 4 || entry.name.startsWith('optimizer.')) continue;
    const fanIn = entry.shape.slice(1).reduce((a, b) => a * b);
    const square = entry.data.reduce((sum, value) => sum + value * value, 0) / entry.data.length;
    const factor = Math.sqrt(1 / (3 * fanIn) / square);
    changed.push({ ...entry, data: entry.data.map((value) => value * factor) });
  }
  await network.load(changed);
}

/** SGD in JavaScript on the sum of six paths' gradients, as the native step does it on one's. */
function roundOfPaths(network: Supernet): Steps {
  const sums = new Map<string, Float32Array>();
  const momenta = new Map<string, Float32Array>();
  let paths = 0;
  const update = async ({ learningRate, momentum, weightDecay, clipGradientNorm }: StepOptions) => {
    let square = 0;
    for (const sum of sums.values()) for (const value of sum) square += (value / paths) ** 2;
    const scale = Math.min(1, clipGradientNorm / Math.sqrt(square)) / paths;
    const changed: TensorEntry[] = [];
    for (const entry of await network.state()) {
      const gradient = sums.get(entry.name);
      if (gradient === undefined) continue;
      const decay = entry.shape.length > 1 ? weightDecay : 0;
      const velocity = momenta.get(entry.name) ?? new Float32Array(gradient.length);
      momenta.set(entry.name, velocity);
      const data = entry.data.map((value, i) => {
        velocity[i] = momentum * velocity[i]! + gradient[i]! * scale + decay * value;
        return value - learningRate * velocity[i]!;
      });
      changed.push({ ...entry, data });
    }
    await network.load(changed);
    sums.clear();
    paths = 0;
  };
  return {
    async step(
      batches: NativeBatch[],
      architecture: Architecture,
      options: StepOptions,
    ): Promise<StepResult> {
      const { loss, gradients } = await network.gradients(batches[0]!, architecture, options);
      for (const { name, data } of gradients) {
        const sum = sums.get(name);
        if (sum === undefined) sums.set(name, Float32Array.from(data));
        else for (const [i, value] of data.entries()) sum[i] = sum[i]! + value;
      }
      if (++paths === 6) await update(options);
      return { loss, correct: 0, images: batches[0]!.size, gradientNorm: Number.NaN };
    },
  } as Steps;
}

async function adapted(
  { space, config, images, score }: Bench,
  architecture: Architecture,
  state: TensorEntry[],
  steps: number,
): Promise<Score> {
  const subnet = deriveSubnet(space, architecture);
  using network = createNetwork(subnet, config);
  await network.load(inheritWeights(space, architecture, state));
  using loader = trainingLoader(images, config, 64);
  let step = 0;
  for await (const batch of loader.from(0)) {
    const learningRate = 0.05 * (0.5 + 0.5 * Math.cos((Math.PI * step) / steps));
    await network.step([batch], [], {
      learningRate,
      momentum: 0.9,
      nesterov: false,
      weightDecay: 4e-5,
      labelSmoothing: 0.1,
      clipGradientNorm: 5,
      randomKey: [0, 0],
    });
    batch.dispose();
    if (++step === steps) break;
  }
  return (await score(network, [[]]))[0]!;
}
