import { checkArguments } from '../../core/check.js';
import { expected } from '../../core/errors.js';
import { meanOf } from '../../core/statistics.js';
import type { GeneSpace } from '../../sampling/sampler.js';
import type { Architecture } from '../../space/types.js';
import { type ModelColumns, modelColumns } from './columns.js';
import { fitRidge, type RidgeFit } from './ridge.js';
import { geneTerms } from './terms.js';

/** What is known of some architectures: the value to predict, and numbers that may explain it. */
export interface Observations {
  architectures: readonly Architecture[];
  /** Higher is better. Accuracies are best given as {@link logError}. */
  values: readonly number[];
  /** By name, one number an architecture: a supernet's score, NASWOT, a cost. Scales do not matter. */
  features?: Record<string, readonly number[]>;
}

export interface Prediction {
  mean: number;
  /** Standard deviation of the mean: how well the observations determine it. */
  deviation: number;
}

/** Networks for each additive term from which on pair terms are worth trying. */
const OBSERVATIONS_A_TERM = 3;

/** -log(1 - accuracy): differences between good networks count as much as those between bad ones. */
export function logError(accuracy: number, images: number): number {
  return -Math.log(1 - accuracy + 0.5 / images);
}

/**
 * Predicts how good architectures are from others: a ridge regression on the values of the genes, on pairs of them where
 * there are enough observations, and on further features. On many noisy supernet scores it takes the noise out; on a
 * few real trainings it tells what to expect of the rest of the space. Penalties follow from the data (REML).
 */
export class ScoreModel {
  private constructor(
    private readonly columns: ModelColumns,
    private readonly fit: RidgeFit,
    /** Mean of the observed values. */
    private readonly offset: number,
    readonly observations: number,
  ) {}

  /**
   * @param options `pairs`: whether pairs of genes are terms too; default: where there are three observations a value.
   * @throws SinglePathError `INVALID_ARGUMENT` for fewer observations than the model has free terms.
   */
  static fit(space: GeneSpace, observations: Observations, options: { pairs?: boolean } = {}): ScoreModel {
    checkArguments('ScoreModel.fit()', { geneSpace: space, observations, options });
    checkObservations(observations);
    const { architectures, values, features = {} } = observations;
    const { additive } = geneTerms(space, false);
    const pairs = options.pairs ?? architectures.length >= OBSERVATIONS_A_TERM * additive;
    const columns = modelColumns(space, features, pairs);
    const rows = architectures.map((architecture, i) =>
      columns.row(
        architecture,
        columns.features.map((name) => features[name]![i]!),
      ),
    );
    const offset = meanOf(values);
    const centred = values.map((value) => value - offset);
    return new ScoreModel(columns, fitRidge(rows, centred, columns.groups), offset, architectures.length);
  }

  /** Observations a model with so many features needs: more than its free terms, with two left for the noise. */
  static leastObservations(features: number): number {
    return features + 3;
  }

  /** Standard deviation of what the model does not explain: noise of an observation and lack of fit. */
  get sigma(): number {
    return this.fit.sigma;
  }

  /** The effect of each value of each gene: the additive terms of `geneTerms`. Those of one gene add up to 0. */
  get effects(): number[] {
    const { first, count } = this.columns.additive;
    return [...this.fit.coefficients.slice(first, first + count)];
  }

  /** Names of the features it was fitted with. */
  get features(): readonly string[] {
    return this.columns.features;
  }

  /** One prediction an architecture, with `features` named as in the observations. */
  predict(
    architectures: readonly Architecture[],
    features: Record<string, readonly number[]> = {},
  ): Prediction[] {
    for (const name of this.features) {
      if (features[name]?.length !== architectures.length)
        throw expected(
          `${architectures.length} numbers`,
          `feature '${name}' of a score model`,
          features[name],
        );
    }
    return architectures.map((architecture, i) => {
      const row = this.columns.row(
        architecture,
        this.features.map((name) => features[name]![i]!),
      );
      const { coefficients } = this.fit;
      let mean = this.offset;
      for (let c = 0; c < row.length; c++) if (row[c] !== 0) mean += row[c]! * coefficients[c]!;
      return { mean, deviation: this.fit.deviation(row) };
    });
  }
}

/** @throws SinglePathError `INVALID_ARGUMENT` for too few, and for numbers that are missing or not finite. */
function checkObservations({ architectures, values, features = {} }: Observations): void {
  const names = Object.keys(features);
  const least = ScoreModel.leastObservations(names.length);
  if (architectures.length < least) {
    throw expected(
      `at least ${least} networks, the terms of a score model with ${names.length} features,`,
      'its observations',
      architectures.length,
      { hint: 'train more networks: search --calibrate' },
    );
  }
  for (const list of [values, ...Object.values(features)]) {
    if (list.length !== architectures.length || list.some((value) => !Number.isFinite(value)))
      throw expected(`${architectures.length} finite numbers`, 'the observations of a score model', list);
  }
}
