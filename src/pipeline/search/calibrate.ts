import type { Config } from '../../config/schema/config.js';
import { expected } from '../../core/errors.js';
import { RandomStream } from '../../core/rng.js';
import { structureTables } from '../../cost/structure.js';
import { tableCost } from '../../cost/table.js';
import type { FeasibleSet } from '../../sampling/feasible.js';
import { kendallTau } from '../../search/correlation.js';
import { dOptimalDesign } from '../../search/model/design.js';
import { geneTerms } from '../../search/model/terms.js';
import type { CalibrationNetwork, ScoreCalibration } from '../../search/result.js';
import type { Candidate, Evaluate, Valuation } from '../../search/types.js';
import { Equivalence } from '../../space/equivalence.js';
import type { Architecture, SearchSpace } from '../../space/types.js';
import { costBaselines } from './baselines.js';
import type { Trials } from './trials.js';
import { calibratedValuation, leastNetworks, supernetValues, type ValuationSetting } from './valuation.js';

/** Legal architectures among which the design is chosen. */
const POOL = 2000;
/** Of those, the smallest by their activation functions are left out: terrible networks teach little about good ones. */
const SHARE_LEFT_OUT = 0.25;

/**
 * The legal networks from which a score model learns most: D-optimal in the values of the genes, among networks that are
 * not among the smallest.
 *
 * @throws SinglePathError `INVALID_ARGUMENT` for more networks than there are.
 */
export function calibrationDesign(
  space: SearchSpace,
  feasible: FeasibleSet,
  count: number,
  seed: number,
): Architecture[] {
  const pool = designPool(space, feasible, count, seed);
  const terms = geneTerms(space, false);
  return dOptimalDesign(
    pool.map((architecture) => terms.row(architecture)),
    count,
  ).map((index) => pool[index]!);
}

/** The networks among which a design is chosen: not those that are among the smallest. @throws as above. */
function designPool(space: SearchSpace, feasible: FeasibleSet, count: number, seed: number): Architecture[] {
  const equivalence = new Equivalence(space);
  const random = new RandomStream(seed, 'split', 1);
  const pool = new Map<string, Architecture>();
  const draws = feasible.count <= BigInt(POOL) ? Number(feasible.count) : POOL;
  for (let i = 0; i < draws; i++) {
    const drawn = draws < POOL ? feasible.at(BigInt(i)) : feasible.draw(random);
    const canonical = equivalence.canonical(drawn);
    // Another member of its class costs the same, so it is legal too.
    pool.set(canonical.join(), canonical);
  }
  const { sqrtUnits } = structureTables(space);
  const ordered = [...pool.values()].sort((a, b) => tableCost(sqrtUnits, b) - tableCost(sqrtUnits, a));
  const kept = ordered.slice(0, Math.max(1, Math.ceil((1 - SHARE_LEFT_OUT) * ordered.length)));
  if (count > kept.length) {
    throw expected(`at most ${kept.length}, the legal networks worth training,`, 'search.calibrate', count, {
      hint: 'ask for fewer networks, or loosen the constraints',
    });
  }
  return kept;
}

/** Trains a design, network by network; what was trained before is read. */
async function trainDesign(
  trials: Trials,
  design: readonly Architecture[],
  epochs: number,
  onTrial: (done: number, total: number) => void,
): Promise<CalibrationNetwork[]> {
  const networks: CalibrationNetwork[] = [];
  for (const [i, architecture] of design.entries()) {
    networks.push({ architecture, ...(await trials.run({ architecture, epochs })) });
    onTrial(i + 1, design.length);
  }
  return networks;
}

/** The trained networks are few, but they tell whether the supernet orders them worse than a count does. */
function warnOfArithmetic(
  { space, images }: ValuationSetting,
  networks: readonly (CalibrationNetwork & { score: Candidate['score'] })[],
  onWarning: ((message: string) => void) | undefined,
): void {
  const trained = networks.map(({ accuracy }) => accuracy);
  const own = kendallTau(supernetValues(networks, images), trained);
  const best = costBaselines(
    space,
    networks.map(({ architecture }) => architecture),
  )
    .map(({ name, values }) => ({ name, tau: kendallTau(values, trained) }))
    .filter(({ tau }) => !Number.isNaN(tau))
    .toSorted((a, b) => b.tau - a.tau)[0];
  if (best === undefined || own >= best.tau) return;
  onWarning?.(
    `The supernet orders the ${trained.length} networks of the calibration worse (tau ${own.toFixed(2)}) than ${best.name} does, ` +
      `which needs no training (tau ${best.tau.toFixed(2)}): the score model relies on the trained networks`,
  );
}

/** @throws SinglePathError `INVALID_ARGUMENT` for a calibration with fewer networks than the model has terms, or more than there are. */
export function checkCalibration(space: SearchSpace, feasible: FeasibleSet, config: Config): void {
  const { calibrate: count } = config.search;
  if (count === 0) return;
  checkTerms(space, config);
  designPool(space, feasible, count, config.seed);
}

/** @throws SinglePathError `INVALID_ARGUMENT` for fewer networks than the model has terms. */
function checkTerms(space: SearchSpace, { search, evaluate }: Config): void {
  const least = leastNetworks({ space, naswot: evaluate.naswotImages > 0 });
  if (search.calibrate >= least) return;
  throw expected(`at least ${least}, the terms of the score model,`, 'search.calibrate', search.calibrate, {
    hint: 'ask for about as many as all genes together have values, or for 0',
  });
}

export interface CalibrateOptions extends ValuationSetting {
  config: Config;
  feasible: FeasibleSet;
  /** Scores of the supernet, with NASWOT where the setting has it. */
  evaluate: Evaluate;
  openTrials: () => Promise<Trials>;
  signal?: AbortSignal | undefined;
  onTrial: (done: number, total: number) => void;
  onWarning?: ((message: string) => void) | undefined;
}

/**
 * Trains a designed set of networks, and fits the model that ranks by what they teach.
 *
 * @throws SinglePathError `INVALID_ARGUMENT` for fewer networks than {@link checkCalibration} asks for, or more than there are.
 */
export async function calibrate(
  options: CalibrateOptions,
): Promise<{ valuation: Valuation; calibration: ScoreCalibration }> {
  const { config, space, feasible, evaluate, signal } = options;
  const { calibrate: count, trial } = config.search;
  checkTerms(space, config);
  const design = calibrationDesign(space, feasible, count, config.seed);
  using trials = await options.openTrials();
  const networks = await trainDesign(trials, design, trial.epochs, options.onTrial);
  const scores = await evaluate(design, signal ? { signal } : {});
  const scored = networks.map((network, i) => ({ ...network, score: scores[i]! }));
  warnOfArithmetic(options, scored, options.onWarning);
  const { model, valuation } = calibratedValuation(options, scored, trials.scoredImages);
  return { valuation, calibration: { networks, images: trials.scoredImages, sigma: model.sigma } };
}
