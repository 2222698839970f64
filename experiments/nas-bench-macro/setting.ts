/** What the experiments of this folder share: options, configuration, and results that say where they come from. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/core/packageRoot.js';
import { type RankedNetwork, runRank } from '../../src/pipeline/runRank.js';
import { readResult } from '../../src/pipeline/runs/runs.js';
import { combinedValuation } from '../../src/pipeline/search/valuation.js';
import { openSpace } from '../../src/pipeline/setup/fromConfig.js';
import { type RankingReport, rankingReport } from '../../src/search/ranking.js';
import { type RankingCard, rankingCard } from '../../src/search/rankingCard.js';
import { parseTrueAccuracies } from '../../src/search/truth.js';
import type { Score } from '../../src/search/types.js';
import { hashOf } from '../../src/space/hash.js';
import type { Architecture } from '../../src/space/types.js';
import type { TrainResult } from '../../src/train/supernet.js';
import { type CommonSetting, kept, readCommon, scoredImages, tenths } from '../setting.js';

export interface Setting extends CommonSetting {
  /** nas-bench-macro_cifar10.json of github.com/xiusu/NAS-Bench-Macro, as JSON. */
  truth: unknown;
  /** Networks scored, of the 3,969 different ones. */
  sample: number | undefined;
}

/**
 * Reads `--truth FILE --data FOLDER [--sample N]` and what all experiments have.
 *
 * @param own further options with their defaults.
 */
export function readSetting(own: Record<string, string> = {}): Setting {
  const common = readCommon('nas-bench-macro', { truth: '', data: '', sample: '', ...own }, ({ data }) => ({
    files: [join(packageRoot(), 'experiments', 'nas-bench-macro', 'supernet.yaml')],
    set: [`data.path=${data}`],
  }));
  const { truth, data, sample } = common.own;
  if (data === '' || !existsSync(truth!)) {
    throw new Error('Expected --truth nas-bench-macro_cifar10.json --data cifar-10-batches-bin');
  }
  return {
    ...common,
    truth: JSON.parse(readFileSync(truth!, 'utf8')),
    sample: sample === '' ? undefined : Number(sample),
  };
}

/** Decides among which networks a design is chosen, and how fresh trainings begin: the same for all supernets. */
export const DESIGN_SEED = 1;
/** Test images of the benchmark, on which its true accuracies were counted. */
export const TRUE_IMAGES = 10_000;
/** Limits under which regret is reported. */
export const CAPS = [50e6, 60e6, 70e6, 80e6];

const MODEL = 'score model';
const BY_ACCURACY = 'score model, without losses';
/** Parts of other scores. */
const DETAILS = ['supernet loss', BY_ACCURACY];

/**
 * All networks with the scores of a seed's supernet and with those that need no training. They are kept in the folder of
 * the runs, as NASWOT of all networks takes a minute; what the score model makes of them is computed anew.
 */
export async function rankOf(setting: Setting, seed: number, supernet?: string): Promise<RankedNetwork[]> {
  const config = setting.config(seed);
  const weights = supernet === undefined ? null : readResult<TrainResult>(supernet).weights;
  const { sample = null } = setting;
  const { space, data, runtime, evaluate } = config;
  const { precision } = runtime;
  const truth = hashOf(setting.truth);
  const key = { seed, weights, sample, space, data, precision, evaluate, caps: CAPS, truth };
  const { networks } = await kept(setting, `ranked/${seed}`, key, () =>
    runRank(config, {
      supernet,
      truth: setting.truth,
      sample: setting.sample,
      caps: CAPS,
      onSkipped: (error) => console.error(error.message),
      onCandidates: tenths(`seed ${seed}, networks scored`),
    }),
  );
  if (weights === null) return networks;
  const predict = combinedValuation({
    space: openSpace(config.space),
    images: scoredImages(config),
    naswot: true,
  });
  const candidates = networks.map(candidateOf);
  const predictions = predict(candidates);
  const byAccuracy = predict(
    candidates.map(({ architecture, score: { loss: _, ...score } }) => ({ architecture, score })),
  );
  return networks.map(({ scores, ...network }, i) => ({
    ...network,
    scores: {
      ...scores,
      ...(predictions && { [MODEL]: predictions[i]!.mean, [BY_ACCURACY]: byAccuracy![i]!.mean }),
    },
  }));
}

/** What `rank` prints of such networks. */
export function cardOf(networks: readonly RankedNetwork[]): RankingCard {
  const named = Object.keys(networks[0]!.scores).map((name) => ({
    name,
    values: networks.map(({ scores }) => scores[name]!),
  }));
  const own = ['supernet', MODEL, ...DETAILS];
  return rankingCard(
    named
      .filter(({ name }) => own.includes(name))
      .map((score) => (DETAILS.includes(score.name) ? { ...score, detail: true as const } : score)),
    named.filter(({ name }) => !own.includes(name)),
    networks.map(({ truth }) => truth),
    networks.map(({ scores }) => scores.MAdds!),
    { limits: CAPS },
  );
}

/** The scores of a ranked network as a search sees them. */
export function scoreOf({ scores }: RankedNetwork): Score {
  return { accuracy: scores.supernet!, loss: -scores['supernet loss']!, naswot: scores.NASWOT! };
}

/** A ranked network as a search hands it to a score model. */
export function candidateOf(network: RankedNetwork): { architecture: Architecture; score: Score } {
  return { architecture: network.architecture, score: scoreOf(network) };
}

/** How well predictions rank networks. */
export function reportOf(
  predictions: readonly { mean: number }[],
  networks: readonly RankedNetwork[],
): RankingReport {
  return rankingReport(
    predictions.map(({ mean }) => mean),
    networks.map(({ truth }) => truth),
    networks.map(({ scores }) => scores.MAdds!),
    { topK: [] },
  );
}

/** The true mean accuracy of each of the 6,561 architectures, by its genes. */
export function truthByGenes({ truth }: Setting): Map<string, number> {
  return new Map(
    parseTrueAccuracies(truth).map(({ architecture, accuracy }) => [architecture.join(), accuracy]),
  );
}
