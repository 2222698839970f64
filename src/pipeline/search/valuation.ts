import { expected } from '../../core/errors.js';
import { median, sortedCopy } from '../../core/statistics.js';
import { structureTables } from '../../cost/structure.js';
import { tableCost } from '../../cost/table.js';
import { kendallTau } from '../../search/correlation.js';
import { scaleOf } from '../../search/model/columns.js';
import { logError, ScoreModel } from '../../search/model/scoreModel.js';
import { geneTerms } from '../../search/model/terms.js';
import type { CalibrationNetwork } from '../../search/result.js';
import type { Candidate, Score, Valuation } from '../../search/types.js';
import { Equivalence } from '../../space/equivalence.js';
import type { Architecture, SearchSpace } from '../../space/types.js';

/** Tau with the supernet's scores from which on a score that needs no training is believed. */
const LEAST_AGREEMENT = 0.2;

/** Networks for each value of a gene from which on a model of supernet scores alone is worth more than the scores. */
const OBSERVATIONS_A_TERM = 2;

/** Of smoothed scores: below it they differ by rounding alone. */
const LEAST_SPREAD = 1e-9;

/** What a valuation looks at. */
type Scored = Pick<Candidate, 'architecture' | 'score'>;

/**
 * The genes of a network: those of the one architecture that stands for it. Other spellings of the same network would blur
 * the effects of their layers.
 */
class Spelling {
  readonly #equivalence: Equivalence;
  readonly #known = new Map<string, Architecture>();

  constructor(space: SearchSpace) {
    this.#equivalence = new Equivalence(space);
  }

  of = (architecture: Architecture): Architecture => {
    const key = architecture.join();
    const known = this.#known.get(key) ?? this.#equivalence.canonical(architecture);
    this.#known.set(key, known);
    return known;
  };
}

/**
 * What the supernet says of networks, the higher the better: their accuracies as {@link logError} and, where all have one, their
 * losses, which tell apart networks that have as many images right (docs/search-quality.md, "A second benchmark").
 */
export function supernetValues(
  networks: readonly { score: Pick<Score, 'accuracy' | 'loss'> }[],
  images: number,
): number[] {
  const withLosses = networks.every(hasLoss);
  return networks.map(({ score: { accuracy, loss } }) => {
    const byAccuracy = logError(accuracy, images);
    return withLosses ? byAccuracy - Math.log(loss! + 0.5 / images) : byAccuracy;
  });
}

const hasLoss = ({ score }: { score: Pick<Score, 'loss'> }): boolean => score.loss !== undefined;

/** What explains accuracies beside the genes: the supernet's scores, and two that need no training. */
function featuresOf(
  { space, images, naswot }: ValuationSetting,
  candidates: readonly Scored[],
): Record<string, number[]> {
  const { sqrtUnits } = structureTables(space);
  return {
    supernet: supernetValues(candidates, images),
    sqrtUnits: candidates.map(({ architecture }) => tableCost(sqrtUnits, architecture)),
    ...(naswot && { naswot: candidates.map(({ score }) => score.naswot!) }),
  };
}

export interface ValuationSetting {
  space: SearchSpace;
  /** Held-out images the supernet's scores are of. */
  images: number;
  /** Whether scores have NASWOT. */
  naswot: boolean;
}

/**
 * Ranks candidates by what a few real trainings say of the space: a regression of their accuracies on the genes,
 * {@link featuresOf} and, where the candidates are enough for it, {@link agreedEffects}.
 *
 * @param networks with the scores the supernet gives them.
 * @param trialImages held-out images the trained networks were scored on.
 * @throws SinglePathError `INVALID_ARGUMENT` for fewer networks than the model has terms; later, where only some networks have losses.
 */
export function calibratedValuation(
  setting: ValuationSetting,
  networks: readonly (CalibrationNetwork & Scored)[],
  trialImages: number,
): { model: ScoreModel; valuation: Valuation } {
  const spelling = new Spelling(setting.space);
  const genesOf = ({ architecture }: Scored) => spelling.of(architecture);
  const values = networks.map(({ accuracy }) => logError(accuracy, trialImages));
  const fit = (features: Record<string, number[]>): ScoreModel =>
    ScoreModel.fit(setting.space, {
      architectures: networks.map(genesOf),
      values,
      features,
    });
  const model = fit(featuresOf(setting, networks));
  const withLosses = networks.every(hasLoss);
  const valuation: Valuation = (visited) => {
    if (visited.every(hasLoss) !== withLosses)
      throw expected('losses of all networks or of none', 'a calibrated valuation', 'losses of some');
    const architectures = visited.map(genesOf);
    const agreed = agreedEffects(setting, visited, spelling);
    if (agreed === undefined) return model.predict(architectures, featuresOf(setting, visited));
    const withAgreed = (candidates: readonly Scored[]) => ({
      ...featuresOf(setting, candidates),
      agreed: candidates.map(({ architecture }) => agreed.of(architecture)),
    });
    return fit(withAgreed(networks)).predict(architectures, withAgreed(visited));
  };
  return { model, valuation };
}

/** Ranks without any training of networks, by {@link agreedEffects}. */
export function combinedValuation(setting: ValuationSetting): Valuation {
  const spelling = new Spelling(setting.space);
  return (visited) => {
    const agreed = agreedEffects(setting, visited, spelling);
    return (
      agreed &&
      visited.map(({ architecture }) => ({
        mean: agreed.of(architecture),
        deviation: agreed.deviation(architecture),
      }))
    );
  };
}

/** What several scores agree on, in standard deviations over the candidates. */
interface AgreedEffects {
  of(architecture: Architecture): number;
  deviation(architecture: Architecture): number;
}

/**
 * The supernet's scores, the `sqrt units` and NASWOT are each smoothed by a regression on single genes; of each value of
 * a gene the median of the three effects counts, so that a score that is wrong about one layer is outvoted there. The
 * latter two take part where they agree with the supernet at all. Pairs of genes would bring the supernet's own mistakes
 * back (docs/search-quality.md).
 *
 * @returns undefined for too few candidates, and where the supernet's scores do not depend on single genes.
 */
function agreedEffects(
  setting: ValuationSetting,
  candidates: readonly Scored[],
  spelling: Spelling,
): AgreedEffects | undefined {
  if (candidates.length < leastCandidates(setting.space)) return undefined;
  const terms = geneTerms(setting.space, false);
  const architectures = candidates.map(({ architecture }) => spelling.of(architecture));
  const smooth = (values: readonly number[]) => {
    const model = ScoreModel.fit(setting.space, { architectures, values }, { pairs: false });
    const means = model.predict(architectures).map(({ mean }) => mean);
    const { deviation } = scaleOf(means);
    return { model, means, deviation, effects: model.effects.map((effect) => effect / deviation) };
  };
  const { supernet, ...proxies } = featuresOf(setting, candidates);
  const own = smooth(supernet!);
  // Noise to the regression: it would rank all candidates alike.
  if (own.means.every((mean) => Math.abs(mean - own.means[0]!) < LEAST_SPREAD)) return undefined;
  const believed = Object.values(proxies).filter((proxy) => kendallTau(proxy, own.means) > LEAST_AGREEMENT);
  const all = [own, ...believed.map(smooth)];
  const effects = own.effects.map((_, term) => median(sortedCopy(all.map((one) => one.effects[term]!))));
  const sum = (architecture: Architecture): number =>
    terms.row(architecture).reduce((total, present, term) => total + present * effects[term]!, 0);
  const { mean, deviation } = scaleOf(architectures.map(sum));
  return {
    of: (architecture) => (sum(spelling.of(architecture)) - mean) / deviation,
    deviation: (architecture) =>
      own.model.predict([spelling.of(architecture)])[0]!.deviation / own.deviation / deviation / all.length,
  };
}

/** Candidates from which on a search without real trainings is ranked by the score model; fewer are by their accuracies. */
export function leastCandidates(space: SearchSpace): number {
  return OBSERVATIONS_A_TERM * geneTerms(space, false).additive;
}

/** Networks that a calibration needs at least. */
export function leastNetworks(setting: Pick<ValuationSetting, 'space' | 'naswot'>): number {
  const features = Object.keys(featuresOf({ ...setting, images: 0 }, []));
  return ScoreModel.leastObservations(features.length + 1); // and agreedEffects
}
