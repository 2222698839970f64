import type { Config } from '../config/schema/config.js';
import type { SinglePathError } from '../core/errors.js';
import { RandomStream } from '../core/rng.js';
import { costOf } from '../cost/cost.js';
import { type RankingReport, rankingReport } from '../search/ranking.js';
import { distinctMacro, parseTrueAccuracies, type TrueAccuracy } from '../search/truth.js';
import { checkArchitecture } from '../space/architecture.js';
import type { SearchSpace } from '../space/types.js';
import { openSpace } from './fromConfig.js';
import { openScorer } from './openScorer.js';
import { readRun } from './runs.js';

export interface RankControl {
  /** Run directory of the supernet. */
  supernet: string;
  /** Content of the file of true accuracies. */
  truth: unknown;
  /** Score only so many, drawn by the seed. */
  sample?: number | undefined;
  signal?: AbortSignal | undefined;
  onSkipped: (error: SinglePathError) => void;
  onCandidates?: (done: number, total: number) => void;
}

export interface RankResult {
  space: string;
  /** Networks ranked; of NAS-Bench-Macro each distinct network once. */
  count: number;
  /** How well the supernet's scores rank them. */
  scores: RankingReport;
  /** The baseline: ranking them by MAdds alone. */
  madds: RankingReport;
}

/** Scores architectures of known accuracy with a supernet and compares the two rankings. */
export async function runRank(config: Config, control: RankControl): Promise<RankResult> {
  const { supernet, truth, sample, signal, onSkipped, onCandidates } = control;
  const space = openSpace(config.space);
  const entries = chosen(distinct(space, parseTrueAccuracies(truth)), sample, config.seed);
  for (const { architecture } of entries) checkArchitecture(space, architecture);
  const architectures = entries.map(({ architecture }) => architecture);
  using scorer = await openScorer(config, space, readRun(supernet, 'train'), {
    signal,
    onSkipped,
    ...(onCandidates && { onProgress: onCandidates }),
  });
  const scores = await scorer.evaluate(architectures, signal ? { signal } : {});
  const accuracies = entries.map(({ accuracy }) => accuracy);
  const madds = architectures.map((architecture) => costOf(space, architecture).madds);
  const report = (values: readonly number[]) => rankingReport(values, accuracies, madds);
  return {
    space: space.name,
    count: entries.length,
    scores: report(scores.map(({ accuracy }) => accuracy)),
    madds: report(madds),
  };
}

/** In a supernet equivalent NAS-Bench-Macro keys have different weights; each network counts once. */
function distinct(space: SearchSpace, entries: readonly TrueAccuracy[]): readonly TrueAccuracy[] {
  return space.name === 'nas-bench-macro' ? distinctMacro(entries) : entries;
}

function chosen(
  entries: readonly TrueAccuracy[],
  sample: number | undefined,
  seed: number,
): readonly TrueAccuracy[] {
  if (sample === undefined || sample >= entries.length) return entries;
  return new RandomStream(seed, 'split', 0).sample(entries, sample);
}
