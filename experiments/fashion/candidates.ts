/** Networks under the limit as a search sees them: scored with a supernet, beside as many others as the score model needs. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../src/config/schema/config.js';
import { packageRoot } from '../../src/core/packageRoot.js';
import { openNaswot, withNaswot } from '../../src/pipeline/naswot.js';
import { openScorer } from '../../src/pipeline/openScorer.js';
import { readRun } from '../../src/pipeline/runs.js';
import { runTrain } from '../../src/pipeline/runTrain.js';
import type { Score } from '../../src/search/types.js';
import type { Architecture } from '../../src/space/types.js';
import { kept, networksOf, type Setting } from './setting.js';

/** Networks that are scored beside those of the truth. */
const COMPANY = 240;

/** A network of `results/truth.json`. */
export interface Trained {
  architecture: Architecture;
  /** Per cent. */
  accuracy: number;
}

/** The last networks of the truth, which are under the demo's limit. */
export function legalTruth(count: number): Trained[] {
  const file = join(packageRoot(), 'experiments', 'fashion', 'results', 'truth.json');
  return (JSON.parse(readFileSync(file, 'utf8')).result.networks as Trained[]).slice(-count);
}

/** The supernet of a seed, trained where it is not. @returns its run directory. */
export async function supernetOf({ runs }: Setting, seed: number, config: Config): Promise<string> {
  const runDir = join(runs, `supernet-${seed}`);
  if (!existsSync(join(runDir, 'result.json'))) await runTrain(config, { runDir, resume: true });
  return runDir;
}

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
  const scores = await kept(setting, `candidates-${seed}-of-${own.length}`, async () => {
    const supernet = readRun(await supernetOf(setting, seed, config), 'train');
    const onSkipped = (error: Error) => console.error(error.message);
    await using scorer = await openScorer(config, space, supernet, { onSkipped });
    using naswot = await openNaswot(config, space);
    return await withNaswot(scorer.evaluate, naswot)(architectures, {});
  });
  return architectures.map((architecture, i) => ({ architecture, score: scores[i]! }));
}
