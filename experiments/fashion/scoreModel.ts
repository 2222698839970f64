/**
 * What the score model makes of candidates that are all under the demo's limit, as in a search, beside the supernet's accuracies,
 * its losses, and both, with and without smoothing. The table goes to `results/score-model.json`.
 */

import { costBaselines } from '../../src/pipeline/search/baselines.js';
import { combinedValuation } from '../../src/pipeline/search/valuation.js';
import { kendallTau } from '../../src/search/correlation.js';
import { ScoreModel } from '../../src/search/model/scoreModel.js';
import type { Score } from '../../src/search/types.js';
import { meanAndError, writeResult } from '../results.js';
import { scoredImages } from '../setting.js';
import { judges, scoredCandidates } from './candidates.js';
import { readSetting, readTruth } from './setting.js';

const setting = readSetting({ legal: '60', name: 'score-model' });
const { space } = setting;
const truth = readTruth().slice(-Number(setting.own.legal));
const known = truth.map(({ accuracy }) => accuracy);
const rows: Record<string, number>[] = [];
for (const seed of setting.seeds) {
  const images = scoredImages(setting.config(seed));
  const candidates = await scoredCandidates(setting, seed, truth);
  const architectures = candidates.map(({ architecture }) => architecture);
  const tau = (values: readonly number[]) => kendallTau(values.slice(0, known.length), known);
  const smoothed = (values: readonly number[]) =>
    ScoreModel.fit(space, { architectures, values }, { pairs: false })
      .predict(architectures)
      .map(({ mean }) => mean);
  const by = judges(images);
  const valuesOf = (judge: (score: Score) => number) => candidates.map(({ score }) => judge(score));
  const [accuracy, loss, both] = [valuesOf(by.accuracy), valuesOf(by.loss), valuesOf(by.both)];
  const naswot = candidates.map(({ score }) => score.naswot!);
  const units = costBaselines(space, architectures).find(({ name }) => name === 'sqrt units')!.values;
  const agreed = smoothed(both);
  rows.push({
    seed,
    accuracy: tau(accuracy),
    loss: tau(loss),
    both: tau(both),
    'smoothed accuracy': tau(smoothed(accuracy)),
    'smoothed loss': tau(smoothed(loss)),
    'smoothed both': tau(agreed),
    'score model': tau(
      combinedValuation({ space, images, naswot: true })(candidates)!.map(({ mean }) => mean),
    ),
    'sqrt units, agreement with the supernet': kendallTau(units, agreed),
    'NASWOT, agreement with the supernet': kendallTau(naswot, agreed),
  });
}
console.table(rows);
const names = Object.keys(rows[0]!).filter((name) => name !== 'seed');
const summary = Object.fromEntries(names.map((name) => [name, meanAndError(rows.map((row) => row[name]!))]));
writeResult('fashion', setting.own.name!, { candidates: truth.length, summary, rows });
