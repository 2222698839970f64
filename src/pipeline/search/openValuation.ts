import type { Config } from '../../config/schema/config.js';
import type { ScoreCalibration } from '../../search/result.js';
import type { Evaluate, Valuation } from '../../search/types.js';
import type { SearchSpace } from '../../space/types.js';
import { Disposables } from '../setup/disposables.js';
import { type CalibrateOptions, calibrate } from './calibrate.js';
import { openNaswot, withNaswot } from './naswot.js';
import type { Scorer } from './openScorer.js';
import { combinedValuation, leastCandidates } from './valuation.js';

/** How a search scores candidates, and what ranks them. */
export interface OpenValuation extends Disposable {
  /** The scorer's, with NASWOT where a score model looks at it. */
  evaluate: Evaluate;
  /** Absent: candidates are ranked by their accuracy. */
  valuation: Valuation | undefined;
  /** What the valuation learnt from, where networks were trained for it. */
  calibration: ScoreCalibration | undefined;
}

/** What a calibration is told, but for what is opened here. */
export interface ValuationOptions
  extends Omit<CalibrateOptions, 'config' | 'evaluate' | 'images' | 'naswot'> {
  scorer: Pick<Scorer, 'evaluate' | 'images'>;
  /** Its run directory. */
  supernet: string;
}

function warnOfTooFew(
  { search: { population, generations } }: Config,
  space: SearchSpace,
  onWarning: ValuationOptions['onWarning'],
): void {
  const [candidates, least] = [population * (generations + 1), leastCandidates(space)];
  if (candidates >= least) return;
  onWarning?.(
    `Accuracies rank in this search: search.score: model needs ${least} candidates of the space ${space.name}, and ` +
      `population ${population} with generations ${generations} gives ${candidates}`,
  );
}

/**
 * The valuation that `search.score` and `search.calibrate` ask for; a calibration trains its networks.
 *
 * @throws SinglePathError what `calibrate` throws.
 */
export async function openValuation(
  config: Config,
  { space, feasible, scorer, supernet, ...options }: ValuationOptions,
): Promise<OpenValuation> {
  const { score, calibrate: count } = config.search;
  const modelled = score === 'model';
  if (modelled && count === 0) warnOfTooFew(config, space, options.onWarning);
  using stack = new Disposables();
  const naswot =
    modelled && config.evaluate.naswotImages > 0
      ? stack.add(await openNaswot(config, space, { supernet, signal: options.signal }))
      : undefined;
  const evaluate = naswot === undefined ? scorer.evaluate : withNaswot(scorer.evaluate, naswot);
  const setting = { space, images: scorer.images, naswot: naswot !== undefined };
  const calibrated =
    count === 0 ? undefined : await calibrate({ ...setting, ...options, config, feasible, evaluate });
  const owned = stack.move();
  return {
    evaluate,
    valuation: calibrated?.valuation ?? (modelled ? combinedValuation(setting) : undefined),
    calibration: calibrated?.calibration,
    [Symbol.dispose]: () => owned[Symbol.dispose](),
  };
}
