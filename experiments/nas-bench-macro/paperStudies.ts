/**
 * The paper's own studies (arXiv 1904.00420) on this small space, with the supernets of ranking.ts:
 *
 * - Figure 3: evolution against random search, at equal evaluations and at equal retrainings;
 * - Table 3: every layer the same choice, random selection, random search, and evolution (the paper's method, and ours);
 * - Figure 2, with `--constrained FOLDER`: uniform against constrained sampling. FOLDER has the runs of
 *   `ranking.js … --runs FOLDER --set train.sampler=constrained --set 'train.constraints=[madds<=60M]'`.
 *
 * Accuracies of networks are those of the benchmark: three trainings of 50 epochs.
 */

import { combinedValuation } from '../../src/pipeline/search/valuation.js';
import { openSpace } from '../../src/pipeline/setup/fromConfig.js';
import { best } from '../../src/search/generations.js';
import { rankingReport } from '../../src/search/ranking.js';
import { meanAndError, writeResult } from '../results.js';
import { scoredImages, supernetOf } from '../setting.js';
import { Table } from './searchOnTable.js';
import { CAPS, rankOf, readSetting } from './setting.js';

/** Generations of 50 after which Figure 3 is read. */
const POINTS = [0, 2, 5, 10, 20];
const POPULATION = 50;
const TOP = 10;
const CONSTRAINED = 60e6;

interface Point {
  algorithm: string;
  seed: number;
  cap: number;
  evaluations: number;
  /** Mean supernet accuracy of the ten best so far: what the paper's figure shows. */
  supernet: number;
  /** Regret of the best scored network, and of the best of the ten, in points. */
  top1: number;
  bestOfTen: number;
}

const setting = readSetting({ constrained: '' });
const figure3: Point[] = [];
const tables: Table[] = [];
const table3: { seed: number; cap: number; [way: string]: number }[] = [];
for (const seed of setting.seeds) {
  const config = setting.config(seed);
  const space = openSpace(config.space);
  const table = new Table(space, await rankOf(setting, seed, await supernetOf(setting, seed)));
  tables.push(table);
  const images = scoredImages(config);
  const valuation = combinedValuation({ space, images, naswot: true });
  for (const cap of CAPS) {
    const legal = table.legal(cap).map(({ truth }) => truth);
    const optimum = Math.max(...legal);
    const row: (typeof table3)[number] = { seed, cap };
    for (const [name, algorithm, model] of [
      ['random search', 'random', undefined],
      ['evolution', 'evolution', undefined],
      ['evolution, score model', 'evolution', valuation],
    ] as const) {
      const visited = await table.search(algorithm, cap, seed, model);
      for (const point of POINTS) {
        const soFar = visited.slice(0, POPULATION * (point + 1));
        const top = best(soFar, TOP);
        const regrets = top.map(({ architecture }) => optimum - table.network(architecture).truth);
        figure3.push({
          algorithm: name,
          seed,
          cap,
          evaluations: soFar.length,
          supernet: meanAndError(top.map(({ score }) => 100 * score.accuracy)).mean,
          top1: regrets[0]!,
          bestOfTen: Math.min(...regrets),
        });
      }
      row[name] = optimum - figure3.at(-1)!.top1;
    }
    row['random selection'] = meanAndError(legal).mean;
    row.optimum = optimum;
    table3.push(row);
  }
}

const ofAlgorithm = (name: string, point: number) =>
  figure3.filter(
    ({ algorithm, evaluations }) => algorithm === name && evaluations === POPULATION * (point + 1),
  );
const figure = ['random search', 'evolution', 'evolution, score model'].flatMap((algorithm) =>
  POINTS.map((point) => {
    const own = ofAlgorithm(algorithm, point);
    const of = (key: 'supernet' | 'top1' | 'bestOfTen') => meanAndError(own.map((one) => one[key]));
    return {
      algorithm,
      evaluations: POPULATION * (point + 1),
      supernet: of('supernet'),
      top1: of('top1'),
      bestOfTen: of('bestOfTen'),
    };
  }),
);
console.table(
  figure.map(({ algorithm, evaluations, supernet, top1, bestOfTen }) => ({
    algorithm,
    evaluations,
    'supernet, ten best': supernet.mean.toFixed(2),
    'regret of the first': top1.mean.toFixed(2),
    'best of ten': bestOfTen.mean.toFixed(2),
  })),
);

const { space } = tables[0]!;
const sameChoice = space.layers.flatMap(({ gene, choices }) => (gene === undefined ? [] : [choices]))[0]!;
const uniform = sameChoice.map((_, choice) => {
  const { truth, scores } = tables[0]!.network(space.genes.map(() => choice));
  return { way: `all choice ${choice}`, accuracy: truth, madds: scores.MAdds! };
});
const ways = ['random selection', 'random search', 'evolution', 'evolution, score model', 'optimum'].map(
  (way) => ({
    way,
    ...Object.fromEntries(
      CAPS.map((cap) => [
        `${cap / 1e6}M`,
        meanAndError(table3.filter((row) => row.cap === cap).map((row) => row[way]!)).mean,
      ]),
    ),
  }),
);
console.table(uniform);
console.table(ways);

const figure2 = [];
if (setting.own.constrained !== '') {
  for (const seed of setting.seeds) {
    for (const [sampling, runs] of [
      ['uniform', setting.runs],
      ['constrained', setting.own.constrained!],
    ] as const) {
      // The settings are those of uniform paths.
      const own = { ...setting, runs, asTrained: setting.asTrained || sampling === 'constrained' };
      const networks = await rankOf(own, seed, await supernetOf(own, seed));
      const legal = networks.filter(({ scores }) => scores.MAdds! <= CONSTRAINED);
      const scores = legal.map((network) => network.scores.supernet!);
      const truths = legal.map(({ truth }) => truth);
      const madds = legal.map((network) => network.scores.MAdds!);
      const { kendall, bandKendall, regret } = rankingReport(scores, truths, madds, { topK: [1, TOP] });
      const [top1, bestOfTen] = regret.map((one) => one.regret);
      figure2.push({ seed, sampling, kendall, bandKendall, top1, bestOfTen });
    }
  }
  console.table(figure2);
}
writeResult('nas-bench-macro', 'paper-studies', {
  figure3: figure,
  table3: { uniform, ways, rows: table3 },
  figure2,
});
