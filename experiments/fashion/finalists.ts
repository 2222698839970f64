/**
 * Short trainings as a search does them, of all networks of the truth that are under the demo's limit, from the weights of
 * supernets: each trains for 1, then 2, then 4 epochs. So every race of finalists, and every calibration of the score model, can be
 * computed from real trainings afterwards. `--finalists 6`, `--calibrate 18`. `--set search.trial.init=fresh --name finalists-fresh`: from
 * fresh weights.
 */

import type { Config } from '../../src/config/schema/config.js';
import { RandomStream } from '../../src/core/rng.js';
import { costBaselines } from '../../src/pipeline/search/baselines.js';
import { Trials } from '../../src/pipeline/search/trials.js';
import {
  calibratedValuation,
  combinedValuation,
  type ValuationSetting,
} from '../../src/pipeline/search/valuation.js';
import { kendallTau } from '../../src/search/correlation.js';
import { chooseFinalists } from '../../src/search/finalists.js';
import { halvingRungs, type RungScore, successiveHalving } from '../../src/search/halving.js';
import { dOptimalDesign } from '../../src/search/model/design.js';
import { geneTerms } from '../../src/search/model/terms.js';
import type { Candidate, Score } from '../../src/search/types.js';
import type { Architecture } from '../../src/space/types.js';
import { agreement, deviation, meanAndError, writeResult } from '../results.js';
import { scoredImages, supernetOf } from '../setting.js';
import { judges, scoredCandidates } from './candidates.js';
import { readSetting, readTruth } from './setting.js';

/** Subsets of the networks that take the place of spaces, half of them each. */
const DRAWS = 400;
const COSTS = ['MAdds', 'depth', 'activations', 'sqrt units'];

/** Everything that the score model sees: the networks of the truth first, then others under the limit. */
interface Scored {
  networks: Network[];
  candidates: { architecture: Architecture; score: Score }[];
}

interface Network {
  architecture: Architecture;
  /** Accuracy when trained alone, per cent: the mean over its trainings. */
  truth: number;
  score: Score;
  /** After each rung. */
  rungs: RungScore[];
  costs: Record<string, number>;
}

const setting = readSetting({ legal: '60', finalists: '6', calibrate: '18', name: 'finalists' });
const { space } = setting;
const FINALISTS = Number(setting.own.finalists);
const RUNGS = halvingRungs(FINALISTS, 1, 3);
const truth = readTruth().slice(-Number(setting.own.legal));
const rows: Record<string, unknown>[] = [];
for (const seed of setting.seeds) {
  const config = setting.config(seed);
  const { networks, candidates } = await scored(seed, config);
  const images = scoredImages(config);
  const model: ValuationSetting = { space, images, naswot: true };
  const row = {
    seed,
    ...agreements(networks, images),
    ...calibrations(networks, candidates, model),
    ...(await regrets(networks, combinedValuation(model)(candidates)!, seed, images)),
  };
  console.log(row);
  rows.push(row);
}
const numbers = Object.keys(rows[0]!).filter((name) => name !== 'seed');
const summary = Object.fromEntries(
  numbers.map((name) => [name, meanAndError(rows.map((row) => row[name] as number))]),
);
console.table(
  Object.entries(summary).map(([name, { mean, error }]) => ({
    name,
    mean: mean.toFixed(3),
    error: error?.toFixed(3),
  })),
);
writeResult('fashion', setting.own.name!, { finalists: FINALISTS, draws: DRAWS, summary, rows });

/** Trains the supernet of a seed and every network for all rungs, or reads what is there. */
async function scored(seed: number, config: Config): Promise<Scored> {
  const candidates = await scoredCandidates(setting, seed, truth);
  const runDir = await supernetOf(setting, seed);
  const onSkipped = (error: Error) => console.error(error.message);
  const own = truth.map(({ architecture }) => architecture);
  const costs = costBaselines(space, own);
  using trials = await Trials.open(config, space, { path: runDir }, { runDir, onSkipped });
  const networks: Network[] = [];
  for (const [i, { architecture, accuracy }] of truth.entries()) {
    const rungs: RungScore[] = [];
    let from: string | undefined;
    for (const { epochs } of RUNGS) {
      const { folder, ...score } = await trials.run({ architecture, epochs, from });
      rungs.push(score);
      from = folder;
    }
    console.log(
      `seed ${seed}, ${i + 1} of ${truth.length}: ${rungs.map((rung) => (100 * rung.accuracy).toFixed(1)).join(' ')}`,
    );
    networks.push({
      architecture,
      truth: accuracy,
      score: candidates[i]!.score,
      rungs,
      costs: Object.fromEntries(costs.map(({ name, values }) => [name, values[i]!])),
    });
  }
  return { networks, candidates };
}

/** How well short trainings tell the accuracy of a whole one, in points; `spread` is how much the networks differ. */
function agreements(networks: readonly Network[], images: number) {
  const known = networks.map((network) => network.truth);
  const stages = ['inherited', ...RUNGS.map((_, rung) => `rung ${rung + 1}`)];
  const entries = stages.flatMap((name, stage) => {
    const scores = networks.map(({ score, rungs }) => (stage === 0 ? score : rungs[stage - 1]!));
    return Object.entries(judges(images)).flatMap(([judge, judged]) => {
      const { tau, residual } = agreement(scores.map(judged), known);
      return [
        [`${name} by ${judge}: tau`, tau],
        [`${name} by ${judge}: error, points`, residual],
      ] as const;
    });
  });
  return { 'spread, points': deviation(known), ...Object.fromEntries(entries) };
}

/** Tau of the score model on the networks that it was not calibrated on, by the rung whose accuracies it learns from. */
function calibrations(
  networks: readonly Network[],
  candidates: Scored['candidates'],
  model: ValuationSetting,
) {
  const terms = geneTerms(space, false);
  const design = new Set(
    dOptimalDesign(
      networks.map(({ architecture }) => terms.row(architecture)),
      Number(setting.own.calibrate),
    ),
  );
  const isRest = (_: unknown, i: number) => i < networks.length && !design.has(i);
  const rest = networks.filter(isRest);
  const known = rest.map((network) => network.truth);
  const tau = (predictions: readonly { mean: number }[]) =>
    kendallTau(
      predictions.map(({ mean }) => mean),
      known,
    );
  const untrained = combinedValuation(model)(candidates)!.filter(isRest);
  return {
    'score model, no trainings: tau': tau(untrained),
    ...Object.fromEntries(
      RUNGS.map((_, rung) => {
        const trained = networks.flatMap((network, i) =>
          design.has(i) ? [{ ...network, ...network.rungs[rung]!, folder: '' }] : [],
        );
        const predictions = calibratedValuation(model, trained, model.images).valuation(candidates)!;
        return [`score model, ${trained.length} of rung ${rung + 1}: tau`, tau(predictions.filter(isRest))];
      }),
    ),
  };
}

/**
 * What the network chosen loses against the best one, in points, when half of the networks are all there are: mean of many
 * halves. Those who choose by a score and race see the same networks.
 */
async function regrets(
  networks: readonly Network[],
  predictions: readonly { mean: number }[],
  seed: number,
  images: number,
) {
  const random = new RandomStream(seed, 'test', 0);
  const modelled = new Map(networks.map((network, i) => [network, predictions[i]!.mean]));
  const sums: Record<string, number> = {};
  const add = (name: string, lost: number) => {
    sums[name] = (sums[name] ?? 0) + lost / DRAWS;
  };
  for (let draw = 0; draw < DRAWS; draw++) {
    const half = random.sample(networks, networks.length / 2);
    const best = Math.max(...half.map((network) => network.truth));
    const by = (score: (network: Network) => number) => half.toSorted((a, b) => score(b) - score(a));
    const candidates = half.map((network) => ({
      ...network,
      score: { ...network.score, model: modelled.get(network)! },
    }));
    const finalists = chooseFinalists(
      space,
      candidates as unknown as Candidate[],
      FINALISTS,
      ({ architecture }) => architecture,
    );
    const chosen = finalists.map(
      ({ architecture }) => half.find((network) => network.architecture === architecture)!,
    );
    const ways: Record<string, Network[]> = {
      'score model': by((network) => modelled.get(network)!),
      'score model, diverse': chosen,
      supernet: by(({ score }) => score.accuracy),
      NASWOT: by(({ score }) => score.naswot!),
      random: half,
      ...Object.fromEntries(COSTS.map((cost) => [cost, by(({ costs }) => costs[cost]!)])),
    };
    for (const [name, order] of Object.entries(ways)) {
      const racing = order.slice(0, FINALISTS);
      add(`${name}: first`, best - racing[0]!.truth);
      add(`${name}: best of ${FINALISTS}`, best - Math.max(...racing.map((network) => network.truth)));
      for (const [judge, judged] of Object.entries(judges(images)))
        add(`${name}: winner by ${judge}`, best - (await raced(racing, judged)).truth);
    }
  }
  return sums;
}

async function raced(networks: readonly Network[], judged: (score: RungScore) => number): Promise<Network> {
  const order = await successiveHalving(networks, RUNGS, async ({ rungs }, rung) => {
    const score = rungs[rung]!;
    return { ...score, accuracy: judged(score) };
  });
  return order[0]!.item;
}
