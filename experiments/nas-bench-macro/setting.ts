/** What the experiments of this folder share: options, configuration, and results that say where they come from. */

import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig } from '../../src/config/load.js';
import type { Config } from '../../src/config/schema/config.js';
import { writeFileAtomically } from '../../src/core/files.js';
import { packageRoot } from '../../src/core/packageRoot.js';
import { openSpace } from '../../src/pipeline/fromConfig.js';
import { type RankedNetwork, type RankResult, runRank } from '../../src/pipeline/runRank.js';
import { readResult } from '../../src/pipeline/runs.js';
import { runTrain } from '../../src/pipeline/runTrain.js';
import { combinedValuation } from '../../src/pipeline/valuation.js';
import { type RankingReport, rankingReport } from '../../src/search/ranking.js';
import { type RankingCard, rankingCard } from '../../src/search/rankingCard.js';
import { parseTrueAccuracies } from '../../src/search/truth.js';
import type { Score } from '../../src/search/types.js';
import { hashOf } from '../../src/space/hash.js';
import type { Architecture } from '../../src/space/types.js';
import type { TrainResult } from '../../src/train/supernet.js';

const FOLDER = join(packageRoot(), 'experiments', 'nas-bench-macro');

export interface Setting {
  /** nas-bench-macro_cifar10.json of github.com/xiusu/NAS-Bench-Macro, as JSON. */
  truth: unknown;
  seeds: number[];
  /** Where run directories go: outside the repository, or under runs/. */
  runs: string;
  /** Networks scored, of the 3,969 different ones. */
  sample: number | undefined;
  /** The options that a script has of its own. */
  own: Record<string, string>;
  /** The configuration for a seed. */
  config(seed: number, ...set: string[]): Config;
}

/**
 * Reads `--truth FILE --data FOLDER [--runs FOLDER] [--seeds 1,2,3] [--sample N] [--set path=value]...`.
 *
 * @param own further options with their defaults.
 */
export function readSetting(own: Record<string, string> = {}): Setting {
  const { values } = parseArgs({
    options: {
      truth: { type: 'string' },
      data: { type: 'string' },
      runs: { type: 'string', default: join('runs', 'experiments', 'nas-bench-macro') },
      seeds: { type: 'string', default: '1,2,3' },
      sample: { type: 'string' },
      set: { type: 'string', multiple: true, default: [] },
      ...Object.fromEntries(
        Object.entries(own).map(([name, value]) => [name, { type: 'string', default: value } as const]),
      ),
    },
  });
  const { truth, data, runs, seeds, sample, set } = values;
  if (truth === undefined || data === undefined || !existsSync(truth)) {
    throw new Error('Expected --truth nas-bench-macro_cifar10.json --data cifar-10-batches-bin');
  }
  return {
    truth: JSON.parse(readFileSync(truth, 'utf8')),
    seeds: seeds.split(',').map(Number),
    runs,
    sample: sample === undefined ? undefined : Number(sample),
    own: Object.fromEntries(Object.keys(own).map((name) => [name, String(Object(values)[name])])),
    config: (seed, ...more) =>
      loadConfig({
        files: [join(FOLDER, 'supernet.yaml')],
        set: [`seed=${seed}`, `data.path=${data}`, ...set, ...more],
      }),
  };
}

/** The supernet of a seed, trained where it is not. @returns its run directory. */
export async function supernetOf(setting: Setting, seed: number): Promise<string> {
  const runDir = join(setting.runs, `supernet-${seed}`);
  if (!existsSync(join(runDir, 'result.json'))) {
    console.log(`training supernet ${seed}`);
    await runTrain(setting.config(seed), { runDir, resume: true });
  }
  return runDir;
}

/** Decides among which networks a design is chosen, and how fresh trainings begin: the same for all supernets. */
export const DESIGN_SEED = 1;
/** Test images of the benchmark, on which its true accuracies were counted. */
export const TRUE_IMAGES = 10_000;
/** Limits under which regret is reported. */
export const CAPS = [50e6, 60e6, 70e6, 80e6];

/**
 * All networks with the scores of a seed's supernet and with those that need no training. They are kept in the folder of
 * the runs, as NASWOT of all networks takes a minute; what the score model makes of them is computed anew.
 */
export async function rankOf(setting: Setting, seed: number, supernet?: string): Promise<RankedNetwork[]> {
  const config = setting.config(seed);
  const weights = supernet === undefined ? null : readResult<TrainResult>(supernet).weights;
  const { sample = null } = setting;
  const key = hashOf({ seed, weights, sample, evaluate: config.evaluate, caps: CAPS }).slice(0, 8);
  const file = join(setting.runs, 'ranked', `${seed}-${key}.json`);
  if (!existsSync(file)) {
    const result = await runRank(config, {
      ...{ supernet, truth: setting.truth, sample: setting.sample, caps: CAPS },
      onSkipped: (error) => console.error(error.message),
    });
    mkdirSync(join(setting.runs, 'ranked'), { recursive: true });
    await writeFileAtomically(file, [JSON.stringify(result)]);
  }
  const { networks } = JSON.parse(readFileSync(file, 'utf8')) as RankResult;
  if (weights === null) return networks;
  const images = config.evaluate.validationImages || config.data.heldOut;
  const predictions = combinedValuation({ space: openSpace(config.space), images, naswot: true })(
    networks.map(candidateOf),
  );
  return networks.map(({ scores, ...network }, i) => ({
    ...network,
    scores: { ...scores, ...(predictions && { 'score model': predictions[i]!.mean }) },
  }));
}

/** What `rank` prints of such networks. */
export function cardOf(networks: readonly RankedNetwork[]): RankingCard {
  const named = Object.keys(networks[0]!.scores).map((name) => ({
    name,
    values: networks.map(({ scores }) => scores[name]!),
  }));
  const own = ['supernet', 'supernet loss', 'score model'];
  return rankingCard(
    named
      .filter(({ name }) => own.includes(name))
      .map((score) => (score.name === 'supernet loss' ? { ...score, detail: true as const } : score)),
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
