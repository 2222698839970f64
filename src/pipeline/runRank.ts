import { configArgument } from '../config/load.js';
import type { Config } from '../config/schema/config.js';
import { checkArguments } from '../core/check.js';
import { expected, SinglePathError, withPrefix } from '../core/errors.js';
import { RandomStream } from '../core/rng.js';
import { meanOf } from '../core/statistics.js';
import type { Group } from '../distributed/group.js';
import { type CostBand, kendallInBands } from '../search/ranking.js';
import { type NamedScores, type RankingCard, rankingCard, TRAINED } from '../search/rankingCard.js';
import type { ScoreCalibration } from '../search/result.js';
import { parseTrueAccuracies, type TrueAccuracy } from '../search/truth.js';
import type { Evaluate, Score, Valuation } from '../search/types.js';
import { checkArchitecture } from '../space/architecture.js';
import { Equivalence } from '../space/equivalence.js';
import type { Architecture } from '../space/types.js';
import { readRun, readSearchResult } from './runs/runs.js';
import { costBaselines } from './search/baselines.js';
import { type Naswot, openNaswot, withNaswot } from './search/naswot.js';
import { openScorer } from './search/openScorer.js';
import { calibratedValuation, combinedValuation, type ValuationSetting } from './search/valuation.js';
import { openSpace } from './setup/fromConfig.js';

/** Architectures of one network that are averaged at most; of more so many are drawn. */
const MOST_EQUIVALENTS = 64;

export interface RankControl {
  /** Run directory of the supernet; without it only scores that need no training are compared. */
  supernet?: string | undefined;
  /** Content of the file of true accuracies. */
  truth: unknown;
  /** Score only so many, drawn by the seed. */
  sample?: number | undefined;
  /** Average the supernet's scores over all architectures that are the same network, instead of scoring one of them. */
  averageEquivalents?: boolean | undefined;
  /** Run directory of a search with calibration on this supernet: its score model is ranked too. */
  search?: string | undefined;
  /** Limits on the MAdds at which regret is reported; default: four, so that 20, 40, 60 and 80 % of networks meet them. */
  caps?: readonly number[] | undefined;
  /** Networks that would be trained, for the regret of the best of them. Default 10. */
  topK?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Processes that score too: this one is rank 0, and the others call {@link helpScore}. */
  group?: Group | undefined;
  onSkipped: (error: SinglePathError) => void;
  onCandidates?: (done: number, total: number) => void;
}

/** A network with everything that was computed for it. */
export interface RankedNetwork {
  architecture: Architecture;
  /** True accuracy, as the file gives it. */
  truth: number;
  /** By the names of the card's rows. */
  scores: Record<string, number>;
}

export interface RankResult {
  space: string;
  /** Networks ranked, each once: architectures that are the same network are not told apart. */
  count: number;
  card: RankingCard;
  /** Tau of the supernet's accuracy inside bands of MAdds. */
  bands: CostBand[];
  networks: RankedNetwork[];
}

/**
 * Scores architectures of known accuracy with a supernet, and compares how well it ranks them with scores that need no
 * training.
 *
 * @throws SinglePathError `INVALID_ARGUMENT` for true accuracies that are not of this space.
 */
export async function runRank(given: Config, control: RankControl): Promise<RankResult> {
  const config = configArgument('runRank()', given);
  checkArguments('runRank()', { control });
  const { supernet, truth, sample, signal } = control;
  checkControl(control);
  const space = openSpace(config.space);
  const equivalence = new Equivalence(space);
  const entries = chosen(distinct(equivalence, parseTrueAccuracies(truth)), sample, config.seed);
  const architectures = entries.map(({ architecture }) => architecture);
  const accuracies = entries.map(({ accuracy }) => accuracy);
  const baselines = costBaselines(space, architectures);
  using naswot =
    config.evaluate.naswotImages > 0 ? await openNaswot(config, space, { supernet, signal }) : undefined;
  if (naswot !== undefined)
    baselines.push({ name: 'NASWOT', values: await naswot.scores(architectures, signal) });
  const trained =
    supernet === undefined ? [] : await supernetRows(config, control, equivalence, architectures, naswot);
  const madds = baselines[0]!.values;
  const limits = control.caps ?? quantiles(madds, [0.2, 0.4, 0.6, 0.8]);
  const k = Math.min(control.topK ?? TRAINED, entries.length);
  const card = rankingCard(trained, baselines, accuracies, madds, { limits, k });
  const named = [...trained, ...baselines];
  return {
    space: space.name,
    count: entries.length,
    card,
    bands: trained.length === 0 ? [] : kendallInBands(trained[0]!.values, accuracies, madds, 10),
    networks: entries.map(({ architecture, accuracy }, i) => ({
      architecture,
      truth: accuracy,
      scores: Object.fromEntries(named.map(({ name, values }) => [name, values[i]!])),
    })),
  };
}

/** @throws SinglePathError `INVALID_ARGUMENT` for what needs a supernet where there is none, and for numbers that count nothing. */
function checkControl({ supernet, search, averageEquivalents, sample, topK }: RankControl): void {
  const needs = search !== undefined ? 'search' : averageEquivalents ? 'averageEquivalents' : undefined;
  if (supernet === undefined && needs !== undefined)
    throw expected('a supernet', `runRank() with ${needs}`, supernet);
  for (const [name, value] of Object.entries({ sample, topK }))
    if (value !== undefined) checkArguments(`${name} of runRank()`, { count: value });
}

/** What comes of the supernet: its accuracy first, then its loss and the score models. */
async function supernetRows(
  config: Config,
  { supernet, search, averageEquivalents, signal, group, onSkipped, onCandidates }: RankControl,
  equivalence: Equivalence,
  architectures: readonly Architecture[],
  naswot: Naswot | undefined,
): Promise<NamedScores[]> {
  const { space } = equivalence;
  await using scorer = await openScorer(config, space, readRun(supernet!, 'train'), {
    signal,
    group,
    onSkipped,
    ...(onCandidates && { onProgress: onCandidates }),
  });
  const trained = search === undefined ? undefined : calibrationOf(search, scorer.weights);
  const evaluate = naswot === undefined ? scorer.evaluate : withNaswot(scorer.evaluate, naswot);
  const scored = averageEquivalents ? averaging(evaluate, equivalence, config.seed) : evaluate;
  const scores = await scored(architectures, signal ? { signal } : {});
  const setting = { space, images: scorer.images, naswot: naswot !== undefined };
  const candidates = architectures.map((architecture, i) => ({ architecture, score: scores[i]! }));
  const modelled: [name: string, valuation: Valuation][] = [['score model', combinedValuation(setting)]];
  if (trained !== undefined)
    modelled.push(['calibrated model', await calibrated(setting, scored, trained, signal)]);
  return [
    { name: 'supernet', values: scores.map(({ accuracy }) => accuracy) },
    { name: 'supernet loss', values: scores.map(({ loss }) => -loss!), detail: true },
    ...modelled.flatMap(([name, valuation]): NamedScores[] => {
      const predictions = valuation(candidates); // none where networks are few
      return predictions === undefined ? [] : [{ name, values: predictions.map(({ mean }) => mean) }];
    }),
  ];
}

/** The networks that a search trained. @throws SinglePathError where there are none, or it was on another supernet. */
function calibrationOf(folder: string, supernet: string): ScoreCalibration {
  const { weights } = readRun(folder, 'search');
  const { calibration } = readSearchResult(folder);
  if (calibration === undefined || weights !== supernet) {
    const got = calibration === undefined ? 'a search that trained no networks' : 'one of another supernet';
    throw new SinglePathError(
      'INVALID_ARGUMENT',
      `Expected a search with --calibrate on this supernet in '${folder}' but received ${got}`,
      { hint: 'singlepath search --supernet FOLDER --calibrate 18' },
    );
  }
  return calibration;
}

/** The score model that learns from these networks. */
async function calibrated(
  setting: ValuationSetting,
  evaluate: Evaluate,
  calibration: ScoreCalibration,
  signal: AbortSignal | undefined,
): Promise<Valuation> {
  const architectures = calibration.networks.map(({ architecture }) => architecture);
  const scores = await evaluate(architectures, signal ? { signal } : {});
  const networks = calibration.networks.map((network, i) => ({ ...network, score: scores[i]! }));
  return calibratedValuation(setting, networks, calibration.images).valuation;
}

/** Scores a network by the mean over its architectures, of many by some that the seed draws. */
function averaging(evaluate: Evaluate, equivalence: Equivalence, seed: number): Evaluate {
  return async (architectures, options) => {
    // Of a network with more the first ones would be alike: all have their blocks in the same layers of the first stages.
    const groups = architectures.map((architecture, i) =>
      equivalence.members(architecture, MOST_EQUIVALENTS, new RandomStream(seed, 'split', 1 + i)),
    );
    const scores = await evaluate(groups.flat(), options);
    let next = 0;
    return groups.map(({ length }): Score => {
      const own = scores.slice(next, next + length);
      next += length;
      const measures = Object.keys(own[0]!).map((name) => [
        name,
        meanOf(own.map((score) => score[name] ?? Number.NaN)),
      ]);
      return Object.fromEntries(measures) as Score;
    });
  };
}

/** Each network once, as its canonical architecture: in a supernet equivalent architectures have different weights. */
function distinct(equivalence: Equivalence, entries: readonly TrueAccuracy[]): TrueAccuracy[] {
  const { space } = equivalence;
  const found = new Map<string, TrueAccuracy>();
  for (const entry of entries) {
    withPrefix('true accuracies: ', () => checkArchitecture(space, entry.architecture));
    const architecture = equivalence.canonical(entry.architecture);
    const key = architecture.join();
    const known = found.get(key);
    if (known === undefined) found.set(key, { ...entry, architecture });
    else if (known.accuracy !== entry.accuracy) {
      throw expected(
        `one accuracy of ${entry.architecture.join()} and ${key}, which are the same network,`,
        'true accuracies',
        [entry.accuracy, known.accuracy],
      );
    }
  }
  return [...found.values()];
}

/** Limits that so large shares of the costs meet, to two digits. */
function quantiles(costs: readonly number[], shares: readonly number[]): number[] {
  const sorted = costs.toSorted((a, b) => a - b);
  const limits = shares.map((share) => sorted[Math.ceil(share * (sorted.length - 1))]!);
  return [...new Set(limits.map((limit) => Number(limit.toPrecision(2))))].filter(
    (limit) => sorted.filter((cost) => cost <= limit).length > 1,
  );
}

function chosen(
  entries: readonly TrueAccuracy[],
  sample: number | undefined,
  seed: number,
): readonly TrueAccuracy[] {
  if (sample === undefined || sample >= entries.length) return entries;
  return new RandomStream(seed, 'split', 0).sample(entries, sample);
}
