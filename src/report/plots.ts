import { formatCost, formatTime } from '../cost/constraint.js';
import { METRIC_TITLES } from '../cost/cost.js';
import type { CandidateLine } from '../run/candidateFiles.js';
import type { ReportFacts, ScoredPair, SearchFacts, TrainingFacts } from './facts.js';
import { formatPercent } from './format.js';
import { drawnFront } from './front.js';
import { choices, type GeneCounts } from './svg/choices.js';
import { curves } from './svg/curves.js';
import { formatTick } from './svg/scale.js';
import { scatter } from './svg/scatter.js';
import { strip } from './svg/strip.js';

/** A plot of some width; undefined where a run has nothing to draw. */
export type Plot = (facts: ReportFacts, width: number) => string | undefined;

const HEIGHTS = { wide: 380, narrow: 260 };
const heightFor = (width: number): number => (width > 560 ? HEIGHTS.wide : HEIGHTS.narrow);
const percentTick = (value: number): string => `${Number((100 * value).toFixed(2))} %`;

/** What a metric is called. */
export function metricTitle(metric: string): string {
  return METRIC_TITLES[metric as keyof typeof METRIC_TITLES] ?? metric;
}

/** The cost that candidates are drawn over: what is constrained first, else the first there is. */
export function drawnMetric({ constraints, metrics }: SearchFacts): string {
  return constraints[0]?.metric ?? metrics[0] ?? 'madds';
}

/** Accuracy over cost of all candidates. */
export const pareto: Plot = ({ search }, width) => {
  if (search === undefined || search.candidates.length === 0) return undefined;
  const metric = drawnMetric(search);
  const { winner, constraints, candidates } = search;
  const costOf = ({ costs }: { costs: Record<string, number> }) => costs[metric] ?? 0;
  const last = Math.max(1, ...candidates.map(({ generation }) => generation));
  const bound = constraints.find((one) => one.metric === metric);
  const star = winner && candidates.find((one) => one.architecture.join() === winner.architecture.join());
  return scatter({
    title: `Accuracy with inherited weights over ${metricTitle(metric)} of ${candidates.length} candidates`,
    width,
    height: heightFor(width),
    x: {
      title: metricTitle(metric),
      format: (value) => (metric.startsWith('latency') ? formatCost(metric, value) : formatTick(value)),
    },
    y: { title: 'accuracy, held-out images', format: percentTick },
    dots: candidates.map((candidate) => ({
      x: costOf(candidate),
      y: candidate.accuracy,
      age: candidate.generation / (last + 1e-9),
      hollow: candidate.phase === 'baseline',
      title: describe(candidate, metric),
    })),
    front: drawnFront(search, metric),
    star: star && { x: costOf(star), y: star.accuracy, title: `found: ${describe(star, metric)}` },
    limit: bound && { x: bound.limit, title: bound.text },
    names: { dots: 'search', hollow: 'random', front: 'front', star: 'found' },
  });
};

function describe(
  { architecture, accuracy, generation, origin, costs }: CandidateLine,
  metric: string,
): string {
  return `${architecture.join()}: ${formatPercent(accuracy)}, ${formatCost(metric, costs[metric] ?? 0)}, generation ${generation}, ${origin}`;
}

/** The best and the median candidate by evaluations. */
export const progress: Plot = ({ search }, width) => {
  if (search === undefined || search.generations.length === 0) return undefined;
  const of = (phase: string, metric: 'best' | 'median') =>
    search.generations
      .filter((one) => one.phase === phase && one[metric] !== null)
      .map((one) => ({ x: one.evaluated, y: one[metric]! }));
  return curves({
    title: 'Accuracy of the best and the median candidate by the number of evaluated candidates',
    width,
    height: heightFor(width),
    x: { title: 'evaluated candidates', format: formatTick },
    y: { title: 'accuracy', format: percentTick },
    curves: [
      { name: 'best', points: of('search', 'best'), dots: true },
      { name: 'best random', points: of('baseline', 'best'), dots: true },
      { name: 'median', points: of('search', 'median') },
    ],
  });
};

/** Loss of the supernet's training. */
export const supernet: Plot = ({ supernet: training }, width) =>
  training === undefined
    ? undefined
    : lossCurve('Loss of the supernet, a different path each step', [['loss', training]], width);

/** Loss of the networks' trainings. */
export const networks: Plot = ({ networks: trained }, width) =>
  lossCurve(
    'Loss of the networks that were trained from scratch',
    trained.slice(0, 6).map((network) => [network.run.name, network]),
    width,
  );

function lossCurve(
  title: string,
  trainings: readonly (readonly [name: string, training: TrainingFacts])[],
  width: number,
): string | undefined {
  const lines = trainings.filter(([, { loss }]) => loss.length > 0);
  if (lines.length === 0) return undefined;
  return curves({
    title,
    width,
    height: HEIGHTS.narrow,
    x: { title: 'step', format: formatTick },
    y: { title: 'training loss', format: formatTick },
    curves: lines.map(([name, { loss }]) => ({
      name,
      points: loss.map(({ step, value }) => ({ x: step, y: value })),
    })),
  });
}

/** Test accuracy of the networks while they were trained. */
export const validation: Plot = ({ networks: trained }, width) => {
  const lines = trained.filter((network) => network.validation.length > 0).slice(0, 6);
  if (lines.length === 0) return undefined;
  return curves({
    title: 'Test accuracy of the networks while they were trained',
    width,
    height: HEIGHTS.narrow,
    x: { title: 'step', format: formatTick },
    y: { title: 'test accuracy', format: percentTick },
    curves: lines.map(({ run, validation: points }) => ({
      name: run.name,
      points: points.map(({ step, value }) => ({ x: step, y: value })),
      dots: true,
    })),
  });
};

/** How often each value of each gene was chosen, by all candidates and by the best ones. */
export const choiceHistogram: Plot = (facts, width) => {
  const counts = geneCounts(facts);
  if (counts === undefined) return undefined;
  return choices({
    title: `How often each choice was made, by ${counts.all} candidates and by the best ${counts.top} of them`,
    width,
    genes: counts.genes,
  });
};

/** Shares of the values of all genes, and of how many candidates. */
export function geneCounts({
  search,
  space,
}: Pick<ReportFacts, 'search' | 'space'>): { genes: GeneCounts[]; all: number; top: number } | undefined {
  if (search === undefined || search.candidates.length === 0) return undefined;
  const all = search.candidates.filter(({ phase }) => phase === 'search');
  if (all.length === 0) return undefined;
  // As many as the search itself keeps would be noise: a tenth, at least ten.
  const top = all
    .toSorted((a, b) => b.accuracy - a.accuracy)
    .slice(0, Math.max(Math.min(10, all.length), Math.ceil(all.length / 10)));
  const shares = (of: readonly CandidateLine[], gene: number, size: number): number[] => {
    const found = new Array<number>(size).fill(0);
    for (const { architecture } of of) found[architecture[gene]!]! += 1 / of.length;
    return found;
  };
  return {
    all: all.length,
    top: top.length,
    genes: space.genes.map(({ name, kind, layer, labels }, gene) => ({
      name: kind === 'block' ? layer : name,
      labels,
      all: shares(all, gene, labels.length),
      top: shares(top, gene, labels.length),
    })),
  };
}

/** The layers of the network that was found. */
export const architecture: Plot = ({ subject }, width) => {
  if (subject === undefined) return undefined;
  const total = Math.max(
    1,
    subject.layers.reduce((sum, { madds }) => sum + madds, 0),
  );
  return strip({
    title: `The layers of ${subject.text} and their multiply-adds`,
    width,
    layers: subject.layers.map(({ name, choice, madds }) => ({
      name,
      ...(choice !== null && { choice }),
      share: madds / total,
      cost: formatCost('madds', madds),
    })),
  });
};

/** What the supernet said of networks against what they reached when they were trained. */
export const agreement: Plot = ({ ranking, agreement: known }, width) => {
  const pairs = ranking?.pairs ?? known?.pairs ?? [];
  if (pairs.length < 2) return undefined;
  const [name] = ranking?.card.rows ?? [];
  return pairPlot(
    `Accuracy of ${pairs.length} trained networks over the score of the ${name?.name ?? 'supernet'}`,
    { x: `score of the ${name?.name ?? 'supernet'}`, y: 'accuracy when trained' },
    pairs,
    width,
    ranking === undefined ? percentTick : formatTick,
  );
};

/** Predicted against measured latency of the best candidates. */
export const latency: Plot = ({ search }, width) => {
  const pairs = latencyPairs(search);
  if (pairs.length < 2) return undefined;
  return pairPlot(
    'Measured over predicted latency of the best candidates',
    { x: 'predicted', y: 'measured' },
    pairs,
    width,
    formatTime,
  );
};

/** Measured latencies: of the best candidates, or of the finalists where networks were trained. */
export function latencyPairs(search: SearchFacts | undefined): ScoredPair[] {
  if (search === undefined) return [];
  const costs = new Map(search.candidates.map((one) => [one.architecture.join(), one.costs]));
  return [...search.topK, ...search.finalists].flatMap(({ architecture, measured = {} }) =>
    Object.entries(measured).map(([metric, truth]) => ({
      name: architecture.join(),
      predicted: costs.get(architecture.join())?.[metric] ?? Number.NaN,
      truth,
    })),
  );
}

function pairPlot(
  title: string,
  axes: { x: string; y: string },
  pairs: readonly ScoredPair[],
  width: number,
  format: (value: number) => string,
): string {
  return scatter({
    title,
    width,
    height: HEIGHTS.narrow,
    x: { title: axes.x, format },
    y: { title: axes.y, format },
    dots: pairs.map(({ name, predicted, truth }) => ({
      x: predicted,
      y: truth,
      age: 0.7,
      title: `${name}: ${format(predicted)} and ${format(truth)}`,
    })),
    front: [],
    names: { dots: '', hollow: '', front: '', star: '' },
  });
}

/** Plots by the names that `singlepath plot` takes. */
export const PLOTS = {
  pareto,
  progress,
  choices: choiceHistogram,
  architecture,
  supernet,
  networks,
  validation,
  agreement,
  latency,
} as const satisfies Record<string, Plot>;
export type PlotName = keyof typeof PLOTS;
