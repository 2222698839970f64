/**
 * Table 2: the score model after 18 short trainings, beside the same without the supernet. `--ways supernet:1,fresh:2`:
 * first weights and epochs. The networks are the same for all supernets, so those that start from fresh weights are
 * trained once. Goes on where it was stopped; networks are trained in a random order, so its lines tell early what a way is worth.
 */

import { join } from 'node:path';
import { RandomStream } from '../../src/core/rng.js';
import { calibrationDesign } from '../../src/pipeline/calibrate.js';
import { openSpace } from '../../src/pipeline/fromConfig.js';
import { searchedArchitectures } from '../../src/pipeline/legalArchitectures.js';
import { readRun } from '../../src/pipeline/runs.js';
import { Trials } from '../../src/pipeline/trials.js';
import { calibratedValuation } from '../../src/pipeline/valuation.js';
import { kendallTau, pearson } from '../../src/search/correlation.js';
import { logError } from '../../src/search/model/scoreModel.js';
import { rankingReport } from '../../src/search/ranking.js';
import { meanAndError, rankOf, readSetting, supernetOf, writeResult } from './setting.js';

const NETWORKS = 18;
/** Decides among which networks the design is chosen, and how fresh trainings begin: the same for all supernets. */
const DESIGN_SEED = 1;
const TRUE_IMAGES = 10_000;

const setting = readSetting({ ways: 'supernet:1' });
const ways = setting.own.ways!.split(',');
const rows: (ReturnType<typeof agreement> & Row)[] = [];
for (const way of ways) {
  const [init, epochs] = way.split(':') as [string, string];
  for (const seed of setting.seeds) {
    const supernet = await supernetOf(setting, seed);
    const { networks } = await rankOf(setting, seed, { supernet });
    const config = setting.config(
      init === 'fresh' ? DESIGN_SEED : seed,
      ...[`search.trial.init=${init}`, `search.trial.epochs=${epochs}`],
    );
    const space = openSpace(config.space);
    const design = calibrationDesign(space, searchedArchitectures(space, config), NETWORKS, DESIGN_SEED);
    const home = readRun(supernet, 'train');
    using trials = await Trials.open(
      config,
      space,
      init === 'fresh' ? { ...home, path: join(setting.runs, 'fresh') } : home,
      { onSkipped: (error) => console.error(error.message) },
    );
    const known = new Map(networks.map((network) => [network.architecture.join(), network]));
    const candidateOf = (genes: readonly number[]) => {
      const { architecture, scores } = known.get(genes.join())!;
      return { architecture, score: { accuracy: scores.supernet!, naswot: scores.NASWOT! } };
    };
    const trained = [];
    for (const architecture of new RandomStream(0, 'test', 0).sample(design, NETWORKS)) {
      const { accuracy, loss, folder } = await trials.run({ architecture, epochs: Number(epochs) });
      const { truth } = known.get(architecture.join())!;
      trained.push({ ...candidateOf(architecture), accuracy, loss, folder, truth });
      const line = `${architecture.join('')} ${(100 * accuracy).toFixed(2)} true ${truth.toFixed(2)}`;
      console.log(`${way}, seed ${seed}: ${line}; ${describe(trained)}`);
    }
    const inDesign = new Set(design.map((genes) => genes.join()));
    const rest = networks.filter(({ architecture }) => !inDesign.has(architecture.join()));
    const candidates = rest.map(({ architecture }) => candidateOf(architecture));
    const images = config.evaluate.validationImages || config.data.heldOut;
    const { valuation } = calibratedValuation({ space, images, naswot: true }, trained, trials.scoredImages);
    const { kendall, bandKendall } = rankingReport(
      valuation(candidates)!.map(({ mean }) => mean),
      rest.map(({ truth }) => truth),
      rest.map(({ scores }) => scores.MAdds!),
      { topK: [] },
    );
    const row = { init, epochs: Number(epochs), seed, kendall, bandKendall, ...agreement(trained) };
    console.log(row);
    rows.push({
      ...row,
      trained: trained.map(({ architecture, accuracy, loss, truth }) => ({
        ...{ architecture: architecture.join(''), accuracy, loss, truth },
      })),
    });
  }
}
const summary = ways.map((way) => {
  const own = rows.filter(({ init, epochs }) => way === `${init}:${epochs}`);
  const of = (key: 'kendall' | 'bandKendall' | 'residual') => meanAndError(own.map((row) => row[key]));
  return { way, kendall: of('kendall'), bandKendall: of('bandKendall'), residual: of('residual') };
});
console.table(
  summary.map(({ way, kendall, bandKendall, residual }) => ({
    way,
    tau: kendall.mean.toFixed(3),
    'in bands': bandKendall.mean.toFixed(3),
    'error, points': residual.mean.toFixed(2),
  })),
);
writeResult('calibration', { networks: NETWORKS, summary, rows });

interface Row {
  init: string;
  epochs: number;
  seed: number;
  kendall: number;
  bandKendall: number;
  trained: { architecture: string; accuracy: number; loss: number; truth: number }[];
}

interface Trained {
  accuracy: number;
  truth: number;
}

/** How well short trainings tell the true accuracies: tau, and what a straight line through the log errors leaves, in points. */
function agreement(trained: readonly Trained[]): { tau: number; residual: number } {
  const x = trained.map(({ accuracy }) => logError(accuracy, TRUE_IMAGES));
  const y = trained.map(({ truth }) => logError(truth / 100, TRUE_IMAGES));
  const rho = pearson(x, y);
  const points = trained.map(({ truth }) => truth);
  const { length } = points;
  const mean = points.reduce((sum, value) => sum + value, 0) / length;
  const variance = points.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (length - 2);
  return { tau: kendallTau(x, y), residual: Math.sqrt(variance * (1 - rho ** 2)) };
}

function describe(trained: readonly Trained[]): string {
  if (trained.length < 4) return '';
  const { tau, residual } = agreement(trained);
  return `tau ${tau.toFixed(2)}, error ${residual.toFixed(2)} points`;
}
