/** The networks that calibrate a score model, and what the model makes of their accuracies. */

import type { Config } from '../../src/config/schema/config.js';
import type { RankedNetwork } from '../../src/pipeline/runRank.js';
import { calibrationDesign } from '../../src/pipeline/search/calibrate.js';
import { calibratedValuation } from '../../src/pipeline/search/valuation.js';
import { openSpace } from '../../src/pipeline/setup/fromConfig.js';
import { searchedArchitectures } from '../../src/pipeline/setup/legalArchitectures.js';
import type { RankingReport } from '../../src/search/ranking.js';
import type { Architecture } from '../../src/space/types.js';
import { scoredImages } from '../setting.js';
import { candidateOf, DESIGN_SEED, reportOf } from './setting.js';

/** The networks that are trained to calibrate: the same for all supernets. */
export function designOf(config: Config, count: number): Architecture[] {
  const space = openSpace(config.space);
  return calibrationDesign(space, searchedArchitectures(space, config), count, DESIGN_SEED);
}

/** The ranked networks of a design, and all others. */
export function splitByDesign(
  networks: readonly RankedNetwork[],
  architectures: readonly Architecture[],
): { design: RankedNetwork[]; rest: RankedNetwork[] } {
  const chosen = new Set(architectures.map((genes) => genes.join()));
  const isChosen = ({ architecture }: RankedNetwork) => chosen.has(architecture.join());
  return {
    design: networks.filter(isChosen),
    rest: networks.filter((network) => !isChosen(network)),
  };
}

/**
 * How well the score model that learnt from the networks of a design ranks all others.
 *
 * @param accuracyOf the accuracy and loss of a network of the design after its training.
 * @param images on which these were counted.
 */
export function modelReport(
  config: Config,
  { design, rest }: { design: readonly RankedNetwork[]; rest: readonly RankedNetwork[] },
  accuracyOf: (network: RankedNetwork, index: number) => { accuracy: number; loss: number },
  images: number,
): RankingReport {
  const { valuation } = calibratedValuation(
    {
      space: openSpace(config.space),
      images: scoredImages(config),
      naswot: true,
    },
    design.map((network, i) => ({ ...candidateOf(network), ...accuracyOf(network, i), folder: '' })),
    images,
  );
  return reportOf(valuation(rest.map(candidateOf))!, rest);
}
