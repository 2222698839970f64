import { basename, resolve } from 'node:path';
import { checkArguments } from '../../core/check.js';
import { expected, SinglePathError } from '../../core/errors.js';
import { costOf, metricsOf } from '../../cost/cost.js';
import type {
  NetworkFacts,
  ReportFacts,
  RunFacts,
  ScoredPair,
  SearchFacts,
  TrainingFacts,
} from '../../report/facts.js';
import { holdsResult, RUN_KINDS } from '../../run/header.js';
import type { Series } from '../../run/series.js';
import { Timeline } from '../../run/timeline.js';
import { kendallTau } from '../../search/correlation.js';
import { formatArchitecture } from '../../space/architecture.js';
import { hashOf, spaceHash } from '../../space/hash.js';
import type { Architecture, SearchSpace } from '../../space/types.js';
import type { RetrainResult } from '../../train/retrain.js';
import type { RankResult } from '../runRank.js';
import { trainingIdentity } from '../runs/identity.js';
import { readResult, readRun, type StoredRun } from '../runs/runs.js';
import { openSpace } from '../setup/fromConfig.js';
import { type FoundRun, findRuns } from './findRuns.js';
import { runFacts } from './runFacts.js';
import { searchFacts } from './searchFacts.js';
import { spaceFacts, subjectFacts } from './subject.js';

/** Points of a curve that are drawn. */
const MOST_POINTS = 600;

export interface CollectControl {
  /** Events of a run directory that were read before, such as those of a run that is watched. */
  timelineOf?: ((runDir: string) => Timeline | undefined) | undefined;
  /** What `singlepath rank --json` printed. */
  ranking?: RankResult | undefined;
}

/** A run with everything that was read of it. */
interface OpenRun {
  found: FoundRun;
  stored: StoredRun;
  timeline: Timeline;
}

/**
 * Collects what a report says of a run or of a chain of runs: supernet, search, networks. Nothing native is loaded.
 *
 * @param folders run directories, or folders that hold some.
 * @throws SinglePathError what findRuns and readRun throw, `INVALID_ARGUMENT` for runs of several spaces or searches, and for
 *   a ranking of another space.
 */
export function collectReport(folders: readonly string[], control: CollectControl = {}): ReportFacts {
  checkArguments('collectReport()', { texts: folders, control });
  if (folders.length === 0) throw expected('at least one folder', 'collectReport()', folders);
  const runs = findRuns(folders).map((found): OpenRun => {
    const stored = readRun(found.path, 'train', 'search', 'retrain');
    return {
      found,
      stored,
      timeline: control.timelineOf?.(found.path) ?? new Timeline(found.path).readAll(),
    };
  });
  // In the order in which one builds on the other.
  runs.sort(
    (a, b) =>
      RUN_KINDS.indexOf(a.stored.kind) - RUN_KINDS.indexOf(b.stored.kind) ||
      a.found.header.created.localeCompare(b.found.header.created),
  );
  const ofKind = (kind: StoredRun['kind']) => runs.filter(({ stored }) => stored.kind === kind);
  const searched = onlyOne(ofKind('search'), 'search');
  const space = openSpace((searched ?? runs[0]!).stored.config.space);
  for (const { found, stored } of runs) checkSpace(space, stored, found);
  const supernet = supernetOf(ofKind('train'), searched);
  const facts = new Map(runs.map((run) => [run, runFacts(run.found, run.stored, run.timeline)]));
  const search = searched && searchFacts(space, searched.stored, facts.get(searched)!, searched.timeline);
  const training = (run: OpenRun): TrainingFacts => ({
    run: facts.get(run)!,
    ...curvesOf(run.timeline),
  });
  const networks = ofKind('retrain')
    .map((run) => ({ ...training(run), ...networkOf(space, run, search), ...recipeOf(run, facts.get(run)!) }))
    .sort((a, b) => Number(b.found) - Number(a.found));
  // The accuracy at the head of the page is that of the first network: what stands beside it is of the same one.
  const [first] = networks;
  const subject = first?.found === false ? first : (search?.winner ?? search?.topK[0] ?? first);
  return {
    title: folders.map((folder) => basename(resolve(folder))).join(', '),
    space: spaceFacts(space),
    runs: [...facts.values()],
    ...(supernet && { supernet: training(supernet) }),
    ...(search && { search }),
    networks,
    ...(subject && { subject: subjectFacts(space, subject.architecture, subject.costs) }),
    agreement: agreementOf(search, networks),
    ...(control.ranking && { ranking: rankingOf(space, control.ranking) }),
  };
}

function onlyOne(runs: readonly OpenRun[], kind: string): OpenRun | undefined {
  if (runs.length < 2) return runs[0];
  throw new SinglePathError(
    'INVALID_ARGUMENT',
    `Expected one ${kind} in a report but found ${runs.map(({ found }) => `'${found.path}'`).join(', ')}`,
    { hint: 'name one of them: its supernet is found by itself' },
  );
}

/** The supernet of the search; else the only one there is. */
function supernetOf(supernets: readonly OpenRun[], search: OpenRun | undefined): OpenRun | undefined {
  const path = search?.stored.supernet;
  const linked = supernets.find(({ found }) => path !== undefined && resolve(found.path) === path);
  return linked ?? onlyOne(supernets, 'supernet');
}

function checkSpace(space: SearchSpace, { config }: StoredRun, { path }: FoundRun): void {
  if (spaceHash(openSpace(config.space)) === spaceHash(space)) return;
  throw new SinglePathError(
    'INVALID_ARGUMENT',
    `Expected runs of one search space but '${path}' is of another one than '${space.name}'`,
    { hint: 'write a report of each' },
  );
}

function curvesOf({ train, validation }: Timeline): Pick<TrainingFacts, 'loss' | 'accuracy' | 'validation'> {
  const points = (series: Series, metric: string) => series.points(metric, { most: MOST_POINTS });
  return {
    loss: points(train, 'loss'),
    accuracy: points(train, 'accuracy'),
    validation: points(validation, 'accuracy'),
  };
}

function networkOf(
  space: SearchSpace,
  { stored, found }: OpenRun,
  search: SearchFacts | undefined,
): Pick<NetworkFacts, 'architecture' | 'costs' | 'found' | 'last' | 'images'> {
  const { architecture = [] } = stored;
  const finished = holdsResult(found.path);
  const result = finished ? readResult<RetrainResult>(found.path) : undefined;
  const costs = costOf(space, architecture);
  const key = architecture.join();
  const candidate = search?.candidates.find((one) => one.architecture.join() === key);
  return {
    architecture,
    costs: {
      ...Object.fromEntries(metricsOf(space).map((metric) => [metric, costs[metric]])),
      ...candidate?.costs,
    },
    found: search?.winner?.architecture.join() === key,
    ...(result && { last: result.last }),
    images: result?.images ?? 0,
  };
}

function recipeOf({ stored, found }: OpenRun, { data }: RunFacts): Pick<NetworkFacts, 'recipe'> {
  if (found.header.sources.from !== undefined) return {};
  return { recipe: hashOf([trainingIdentity(stored.config, 'retrain'), data?.fingerprint ?? null]) };
}

/** Trained networks of which the supernet has an opinion: finalists (held-out images), networks (test images). */
function agreementOf(
  search: SearchFacts | undefined,
  networks: readonly NetworkFacts[],
): ReportFacts['agreement'] {
  if (search === undefined) return undefined;
  const scores = new Map(search.candidates.map((one) => [one.architecture.join(), one.accuracy]));
  const pair = (architecture: Architecture, truth: number): ScoredPair[] => {
    const predicted = scores.get(architecture.join());
    return predicted === undefined ? [] : [{ name: architecture.join(), predicted, truth }];
  };
  const trained = networks.flatMap(({ architecture, last }) =>
    last ? pair(architecture, last.accuracy) : [],
  );
  // After the first rung all finalists have been trained equally long.
  const finalists = search.finalists.flatMap(({ architecture, rungs }) =>
    pair(architecture, rungs[0]!.accuracy),
  );
  const pairs = trained.length >= finalists.length ? trained : finalists;
  if (pairs.length === 0) return undefined;
  const kendall =
    pairs.length < 3
      ? Number.NaN
      : kendallTau(
          pairs.map((one) => one.predicted),
          pairs.map((one) => one.truth),
        );
  return { pairs, kendall: Number.isNaN(kendall) ? null : kendall };
}

function rankingOf(
  space: SearchSpace,
  { space: ranked, card, networks }: RankResult,
): NonNullable<ReportFacts['ranking']> {
  if (ranked !== space.name) {
    throw expected(`a ranking of '${space.name}', the space of the runs,`, 'ranking', ranked, {
      hint: 'give what `singlepath rank --json` printed for the supernet of these runs',
    });
  }
  const [row] = card.rows;
  return {
    card,
    pairs: networks.map(({ architecture, truth, scores }) => ({
      name: formatArchitecture(space, architecture),
      predicted: scores[row!.name] ?? 0,
      truth,
    })),
  };
}
