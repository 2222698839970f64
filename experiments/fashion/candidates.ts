/** Networks under the limit as a search sees them: scored with a supernet, beside as many others as the score model needs. */

import { readRun } from '../../src/pipeline/runs/runs.js';
import { openNaswot, withNaswot } from '../../src/pipeline/search/naswot.js';
import { openScorer } from '../../src/pipeline/search/openScorer.js';
import { supernetValues } from '../../src/pipeline/search/valuation.js';
import { logError } from '../../src/search/model/scoreModel.js';
import type { Score } from '../../src/search/types.js';
import type { Architecture } from '../../src/space/types.js';
import { kept, supernetOf } from '../setting.js';
import { keyOf, networksOf, type Setting, type Trained } from './setting.js';

/** Networks that are scored beside those of the truth. */
const COMPANY = 240;

/** The networks of the truth first, then others under the limit, with the scores of the supernet and NASWOT. */
export async function scoredCandidates(
  setting: Setting,
  seed: number,
  truth: readonly Trained[],
): Promise<{ architecture: Architecture; score: Score }[]> {
  const { space } = setting;
  const config = setting.config(seed);
  const own = truth.map(({ architecture }) => architecture);
  const known = new Set(own.map((architecture) => architecture.join()));
  const others = networksOf(space, 0, own.length + COMPANY).filter(
    (architecture) => !known.has(architecture.join()),
  );
  const architectures = [...own, ...others.slice(0, COMPANY)];
  const key = [keyOf(config), architectures];
  const scores = await kept(setting, `candidates-${seed}`, key, async () => {
    const supernet = readRun(await supernetOf(setting, seed), 'train');
    const onSkipped = (error: Error) => console.error(error.message);
    await using scorer = await openScorer(config, space, supernet, { onSkipped });
    using naswot = await openNaswot(config, space);
    return await withNaswot(scorer.evaluate, naswot)(architectures, {});
  });
  return architectures.map((architecture, i) => ({ architecture, score: scores[i]! }));
}

/** What a network can be judged by once it has a score, of a supernet or of a training: the higher, the better. */
export function judges(images: number) {
  type Judged = Pick<Score, 'accuracy' | 'loss'>;
  const accuracy = (score: Judged) => logError(score.accuracy, images);
  const both = (score: Judged) => supernetValues([{ score }], images)[0]!;
  return { accuracy, loss: (score: Judged) => both(score) - accuracy(score), both };
}
