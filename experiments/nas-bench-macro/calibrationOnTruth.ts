/**
 * Table 2b: what a calibration could bring. The networks of the design get one of their three true runs, with a normal error
 * on top as short trainings have, instead of being trained; the supernet's scores are real. The networks that are not in
 * the design are ranked, by the product's score model and by the same without a supernet.
 */

import { RandomStream } from '../../src/core/rng.js';
import type { RankedNetwork } from '../../src/pipeline/runRank.js';
import { openSpace } from '../../src/pipeline/setup/fromConfig.js';
import { logError, ScoreModel } from '../../src/search/model/scoreModel.js';
import type { SearchSpace } from '../../src/space/types.js';
import { meanAndError, writeResult } from '../results.js';
import { supernetOf } from '../setting.js';
import { designOf, modelReport, splitByDesign } from './design.js';
import { rankOf, readSetting, reportOf, TRUE_IMAGES } from './setting.js';

/** Draws of the error, three for each of the three true runs. */
const DRAWS = 9;

const setting = readSetting();
const truth = setting.truth as Record<string, { test_acc: number[] }>;
const rows = [];
for (const seed of setting.seeds) {
  const config = setting.config(seed);
  const space = openSpace(config.space);
  const networks = await rankOf(setting, seed, await supernetOf(setting, seed));
  for (const count of [12, 18, 24]) {
    const split = splitByDesign(networks, designOf(config, count));
    const { design, rest } = split;
    for (const error of [0, 0.3, 0.6, 1]) {
      const draws = Array.from({ length: DRAWS }, (_, draw) => {
        const accuracies = trainings(design, error, draw);
        const known = (_: RankedNetwork, i: number) => ({ accuracy: accuracies[i]!, loss: 0 });
        return {
          model: modelReport(config, split, known, TRUE_IMAGES),
          without: reportOf(withoutSupernet(space, design, accuracies, rest), rest),
        };
      });
      const mean = (way: 'model' | 'without', key: 'kendall' | 'bandKendall') =>
        meanAndError(draws.map((draw) => draw[way][key])).mean;
      rows.push({
        seed,
        networks: count,
        error,
        kendall: mean('model', 'kendall'),
        bandKendall: mean('model', 'bandKendall'),
        kendallWithoutSupernet: mean('without', 'kendall'),
        bandKendallWithoutSupernet: mean('without', 'bandKendall'),
      });
    }
  }
}
console.table(rows);
writeResult('nas-bench-macro', 'calibration-on-truth', { draws: DRAWS, rows });

/** What trainings of the networks would give, as shares of right images. */
function trainings(networks: readonly RankedNetwork[], error: number, draw: number): number[] {
  const random = new RandomStream(draw, 'test', 0);
  return networks.map(({ architecture }) => {
    const normal = Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
    return (truth[architecture.join('')]!.test_acc[draw % 3]! + error * normal) / 100;
  });
}

/** The trained networks and two scores that need no supernet. */
function withoutSupernet(
  space: SearchSpace,
  design: readonly RankedNetwork[],
  accuracies: readonly number[],
  rest: readonly RankedNetwork[],
) {
  const features = (networks: readonly RankedNetwork[]) =>
    Object.fromEntries(
      ['sqrt units', 'NASWOT'].map((name) => [name, networks.map(({ scores }) => scores[name]!)]),
    );
  const model = ScoreModel.fit(space, {
    architectures: design.map(({ architecture }) => architecture),
    values: accuracies.map((accuracy) => logError(accuracy, TRUE_IMAGES)),
    features: features(design),
  });
  return model.predict(
    rest.map(({ architecture }) => architecture),
    features(rest),
  );
}
