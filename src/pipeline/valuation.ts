import { structureTables } from '../cost/structure.js';
import { tableCost } from '../cost/table.js';
import type { CalibrationNetwork } from '../evaluate/searchPhases.js';
import { kendallTau } from '../search/correlation.js';
import { logError, ScoreModel, scaleOf } from '../search/model/scoreModel.js';
import { geneTerms } from '../search/model/terms.js';
import type { Candidate, Valuation } from '../search/types.js';
import type { SearchSpace } from '../space/types.js';

/** Tau with the supernet's scores from which on a score that needs no training is believed. */
const LEAST_AGREEMENT = 0.2;

/** Networks for each value of a gene from which on a model of supernet scores alone is worth more than the scores. */
const OBSERVATIONS_A_TERM = 2;

/** What a valuation looks at. */
type Scored = Pick<Candidate, 'architecture' | 'score'>;

/** What explains accuracies beside the genes: the supernet's score, and two that need no training. */
function featuresOf(
  { space, images, naswot }: ValuationSetting,
  candidates: readonly Scored[],
): Record<string, number[]> {
  const { sqrtUnits } = structureTables(space);
  return {
    supernet: candidates.map(({ score }) => logError(score.accuracy, images)),
    sqrtUnits: candidates.map(({ architecture }) => tableCost(sqrtUnits, architecture)),
    ...(naswot && { naswot: candidates.map(({ score }) => score.naswot!) }),
  };
}

export interface ValuationSetting {
  space: SearchSpace;
  /** Held-out images the supernet's accuracies are of. */
  images: number;
  /** Whether scores have NASWOT. */
  naswot: boolean;
}

/**
 * Ranks candidates by what a few real trainings say of the space: a regression of their accuracies on the genes and
 * {@link featuresOf}.
 *
 * @param networks with the scores the supernet gives them.
 * @param trialImages held-out images the trained networks were scored on.
 * @throws SinglePathError `INVALID_ARGUMENT` for fewer networks than the model has terms.
 */
export function calibratedValuation(
  setting: ValuationSetting,
  networks: readonly (CalibrationNetwork & Scored)[],
  trialImages: number,
): { model: ScoreModel; valuation: Valuation } {
  const model = ScoreModel.fit(setting.space, {
    architectures: networks.map(({ architecture }) => architecture),
    values: networks.map(({ accuracy }) => logError(accuracy, trialImages)),
    features: featuresOf(setting, networks),
  });
  const valuation: Valuation = (visited) =>
    model.predict(
      visited.map(({ architecture }) => architecture),
      featuresOf(setting, visited),
    );
  return { model, valuation };
}

/**
 * Ranks without any training of networks: the mean of the supernet's accuracies smoothed by a regression on the genes, of
 * the `sqrt units` and of NASWOT, each in standard deviations over the candidates. The latter two take part where they
 * agree with the supernet at all. Pairs of genes would bring the supernet's own mistakes back (docs/search-quality.md).
 */
export function combinedValuation(setting: ValuationSetting): Valuation {
  const terms = geneTerms(setting.space, false).additive;
  return (visited) => {
    if (visited.length < OBSERVATIONS_A_TERM * terms) return undefined;
    const { supernet, ...proxies } = featuresOf(setting, visited);
    const architectures = visited.map(({ architecture }) => architecture);
    const model = ScoreModel.fit(setting.space, { architectures, values: supernet! }, { pairs: false });
    const smooth = model.predict(architectures);
    const means = smooth.map(({ mean }) => mean);
    const used = Object.values(proxies).filter((proxy) => kendallTau(proxy, means) > LEAST_AGREEMENT);
    const columns = [means, ...used].map(standardised);
    const { deviation } = scaleOf(means);
    return smooth.map((one, i) => ({
      mean: columns.reduce((sum, column) => sum + column[i]!, 0) / columns.length,
      deviation: one.deviation / deviation / columns.length,
    }));
  };
}

function standardised(values: readonly number[]): number[] {
  const { mean, deviation } = scaleOf(values);
  return values.map((value) => (value - mean) / deviation);
}

/** Networks that a calibration needs at least. */
export function leastNetworks(setting: Pick<ValuationSetting, 'space' | 'naswot'>): number {
  return ScoreModel.leastObservations(Object.keys(featuresOf({ ...setting, images: 0 }, [])).length);
}
