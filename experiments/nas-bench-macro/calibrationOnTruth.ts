/**
 * Table 2: what a calibration could bring. The networks of the design get one of their three true runs, with a normal error
 * on top as short trainings have, instead of being trained; the supernet's scores are real. The networks that are not in
 * the design are ranked.
 */

import { RandomStream } from '../../src/core/rng.js';
import { openSpace } from '../../src/pipeline/fromConfig.js';
import { runRank } from '../../src/pipeline/runRank.js';
import { dOptimalDesign } from '../../src/search/model/design.js';
import { logError, ScoreModel } from '../../src/search/model/scoreModel.js';
import { geneTerms } from '../../src/search/model/terms.js';
import { rankingReport } from '../../src/search/ranking.js';
import { meanAndError, readSetting, supernetOf, writeResult } from './setting.js';

/** Draws of the error, three for each of the three true runs. */
const DRAWS = 9;
const FEATURES: Record<string, string[]> = {
  'sqrt units, NASWOT': ['sqrt units', 'NASWOT'],
  'supernet, sqrt units, NASWOT': ['supernet', 'sqrt units', 'NASWOT'],
};

const setting = readSetting();
const truth = setting.truth as Record<string, { test_acc: number[] }>;
const rows = [];
for (const seed of setting.seeds) {
  const config = setting.config(seed);
  const space = openSpace(config.space);
  const supernet = await supernetOf(setting, seed);
  const { networks } = await runRank(config, {
    ...{ supernet, truth: setting.truth, sample: setting.sample },
    onSkipped: (error) => console.error(error.message),
  });
  const images = config.evaluate.validationImages || config.data.heldOut;
  const numberOf = (index: number, name: string): number => {
    const value = networks[index]!.scores[name]!;
    return name === 'supernet' ? logError(value, images) : value;
  };
  const terms = geneTerms(space, false);
  const bySize = networks
    .map((_, i) => i)
    .sort((a, b) => numberOf(b, 'sqrt units') - numberOf(a, 'sqrt units'));
  const pool = bySize.slice(0, Math.ceil(0.75 * bySize.length));
  for (const count of [12, 18, 24]) {
    const design = dOptimalDesign(
      pool.map((i) => terms.row(networks[i]!.architecture)),
      count,
    ).map((i) => pool[i]!);
    const rest = bySize.filter((i) => !design.includes(i));
    for (const error of [0, 0.3, 0.6]) {
      for (const [name, features] of Object.entries(FEATURES)) {
        const reports = Array.from({ length: DRAWS }, (_, draw) => {
          const random = new RandomStream(draw, 'test', 0);
          const normal = () =>
            Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
          const of = (indices: number[]) => ({
            architectures: indices.map((i) => networks[i]!.architecture),
            features: Object.fromEntries(features.map((f) => [f, indices.map((i) => numberOf(i, f))])),
          });
          const values = design.map((i) => {
            const run = truth[networks[i]!.architecture.join('')]!.test_acc[draw % 3]!;
            return logError((run + error * normal()) / 100, 10_000);
          });
          const model = ScoreModel.fit(space, { ...of(design), values });
          const { architectures, features: known } = of(rest);
          return rankingReport(
            model.predict(architectures, known).map(({ mean }) => mean),
            rest.map((i) => networks[i]!.truth),
            rest.map((i) => networks[i]!.scores.MAdds!),
            { topK: [] },
          );
        });
        const row = {
          ...{ seed, networks: count, error, features: name },
          kendall: meanAndError(reports.map(({ kendall }) => kendall)).mean,
          bandKendall: meanAndError(reports.map(({ bandKendall }) => bandKendall)).mean,
        };
        rows.push(row);
      }
    }
  }
}
console.table(rows);
writeResult('calibration-on-truth', { draws: DRAWS, rows });
