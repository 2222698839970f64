import { checkArguments, checkCallbacks } from '../core/check.js';
import { SinglePathError } from '../core/errors.js';
import { type CostTable, tableCost } from '../cost/table.js';
import type { Checkpoints } from '../run/checkpoints.js';
import type { RunDirectory } from '../run/directory.js';
import type { Finalist } from '../search/finalists.js';
import type { Candidate, Score, SearchState } from '../search/types.js';
import type { Architecture, SearchSpace } from '../space/types.js';
import { CandidateFiles } from './candidateFiles.js';

/** Starts a search, or goes on from a state: `(resume) => evolutionarySearch(space, evaluate, { …, resume })`. */
export type StartSearch = (resume: SearchState | undefined) => AsyncIterable<SearchState>;

export interface SearchPhasesOptions {
  space: SearchSpace;
  /** Costs reported beside scores. */
  costs: readonly CostTable[];
  search: StartSearch;
  /** A second search with the same budget to compare with, usually a random one. */
  baseline?: StartSearch | undefined;
  /** Trains candidates of the finished search, the best first: it wins. */
  finalists?: ((visited: readonly Candidate[]) => Promise<Finalist[]>) | undefined;
  /** Further parts of `result.json`. */
  extra?: Pick<SearchResult, 'calibration'>;
  /** Looks at what the search found before it is the result, such as by measuring its latency. */
  confirm?: ((found: SearchOutcome) => Promise<SearchOutcome>) | undefined;
  run?: RunDirectory | undefined;
  signal?: AbortSignal | undefined;
  onGeneration?: ((summary: GenerationSummary) => void) | undefined;
}

export interface GenerationSummary {
  phase: Phase;
  method: SearchState['method'];
  generation: number;
  /** Accuracy of the best candidate of all generations so far. */
  best: number;
  /** Median accuracy of this generation; null where it has no candidates. */
  median: number | null;
  /** Candidates evaluated so far. */
  evaluated: number;
}

export interface CostedCandidate {
  architecture: Architecture;
  /** The labels of the genes' values. */
  choices: string[];
  score: Score;
  costs: Record<string, number>;
  /** By latency metric, measured nanoseconds of the whole network. */
  measured?: Record<string, number>;
  generation: number;
}

/** What one search found. */
export interface SearchOutcome {
  method: SearchState['method'];
  seed: number;
  winner: CostedCandidate;
  topK: CostedCandidate[];
  /** Pareto front of a multi-objective search. */
  front?: CostedCandidate[];
  evaluated: number;
  history: GenerationSummary[];
  note?: string;
}

/** What a score model learnt from: networks that were trained shortly and scored on held-out images. */
export interface ScoreCalibration {
  networks: CalibrationNetwork[];
  images: number;
  /** Standard deviation of what the model does not explain, in units of log(error). */
  sigma: number;
}

export interface CalibrationNetwork {
  architecture: Architecture;
  accuracy: number;
  loss: number;
  /** Run directory of the training, relative to that of the search. */
  folder: string;
}

/** `result.json` of a search. */
export interface SearchResult extends SearchOutcome {
  kind: 'search';
  space: string;
  baseline?: SearchOutcome;
  /** Networks trained before the search, on how many held-out images they were scored, and the noise of the score model. */
  calibration?: ScoreCalibration;
  /** Candidates trained after the search, the winner first; without them the winner is the best scored candidate. */
  finalists?: Finalist[];
}

const PHASES = ['search', 'baseline'] as const;
export type Phase = (typeof PHASES)[number];

/** State of a search checkpoint. */
type SearchCheckpoint = { [phase in Phase]?: SearchState };

/**
 * Runs a search, and its baseline if asked for, with a checkpoint after each generation. A resumed run directory goes
 * on at the generation after its newest checkpoint; inside a generation the evaluation cache keeps what was scored.
 *
 * @throws SinglePathError `ABORTED`, `IO`, `INVALID_CHECKPOINT`, and what the search throws.
 */
export async function searchPhases(options: SearchPhasesOptions): Promise<SearchResult> {
  checkArguments('a search', { options });
  const { space, run, signal, costs } = options;
  checkCallbacks({ onGeneration: options.onGeneration });
  const state = restore(run);
  using candidates = run && (await CandidateFiles.open(run.path, costs, phasesIn(state)));
  try {
    const found = await runPhase('search', options.search, state, options, candidates);
    const baseline =
      options.baseline === undefined
        ? undefined
        : await runPhase('baseline', options.baseline, state, options, candidates);
    const trained = await options.finalists?.(state.search!.visited);
    // Where networks were trained the best of those wins, else the best scored one: if it keeps to its bounds.
    const ranked = trained?.map((finalist) => winnerOf(finalist, state.search!, space, costs)) ?? [];
    const contest = trained ? { ...found, topK: ranked, winner: ranked[0]! } : found;
    const confirmed = (await options.confirm?.(contest)) ?? contest;
    const result: SearchResult = {
      kind: 'search',
      space: space.name,
      ...confirmed,
      ...(trained && { topK: found.topK, finalists: withMeasured(trained, confirmed.topK) }),
      ...(baseline && { baseline }),
      ...options.extra,
    };
    await run?.writeResult(result);
    run?.log({ type: 'finished', step: generationsIn(state) });
    run?.sync();
    return result;
  } catch (error) {
    if (!signal?.aborted || run === undefined) throw error;
    throw new SinglePathError('ABORTED', `Stopped after ${generationsIn(state)} generations`, {
      hint: `they are saved in '${run.path}': continue with --resume`,
      cause: error,
    });
  }
}

/**
 * A search does not go back: with fewer generations than it has done its result would be that of more than was asked for,
 * and a baseline that is not finished would get fewer evaluations.
 *
 * @throws SinglePathError `INVALID_CONFIG`, and `INVALID_CHECKPOINT` where no checkpoint is valid.
 */
export function checkGenerations(checkpoints: Checkpoints, generations: number): void {
  const { search, baseline } = checkpoints.newest<SearchCheckpoint>(() => {})?.state ?? {};
  const done = Math.max(search?.generation ?? 0, baseline?.generation ?? 0);
  if (done <= generations) return;
  throw new SinglePathError(
    'INVALID_CONFIG',
    `Expected at least ${done} for search.generations, as many as are done, but received ${generations}`,
    { hint: 'a search of fewer needs another run directory; the scores of its candidates are there already' },
  );
}

/** Finalists with the latencies that were measured of them. */
function withMeasured(finalists: readonly Finalist[], confirmed: readonly CostedCandidate[]): Finalist[] {
  return finalists.map((finalist) => {
    const key = finalist.architecture.join();
    const measured = confirmed.find(({ architecture }) => architecture.join() === key)?.measured ?? {};
    return Object.keys(measured).length === 0 ? finalist : { ...finalist, measured };
  });
}

function restore(run: RunDirectory | undefined): SearchCheckpoint {
  const checkpoint = run?.checkpoints.newest<SearchCheckpoint>((error) => {
    run.log({ type: 'skipped', step: 0, error: error.message });
  });
  const step = checkpoint?.step ?? 0;
  run?.log({ type: run.resumed ? 'resumed' : 'started', step });
  if (run?.resumed) run.summaries.restartAt(step + 1);
  return checkpoint?.state ?? {};
}

async function runPhase(
  phase: Phase,
  start: StartSearch,
  state: SearchCheckpoint,
  { space, costs, run, onGeneration }: SearchPhasesOptions,
  candidates: CandidateFiles | undefined,
): Promise<SearchOutcome> {
  const before = state[phase];
  // Also where it is done: more generations than then may be asked for now.
  for await (const present of start(before)) {
    if (present.generation === before?.generation) continue; // the state it was given
    state[phase] = present;
    const summary = summarize(phase, present, present.generation);
    candidates?.append(phase, membersOf(present, present.generation));
    if (run !== undefined) await record(run, state, summary);
    onGeneration?.(summary);
  }
  return outcomeOf(phase, state[phase]!, space, costs);
}

async function record(run: RunDirectory, state: SearchCheckpoint, summary: GenerationSummary): Promise<void> {
  const step = generationsIn(state);
  run.log({ type: 'generation', step, ...summary });
  run.summaries.scalars(step, {
    [`${summary.phase}/best`]: summary.best,
    ...(summary.median !== null && { [`${summary.phase}/median`]: summary.median }),
  });
  // The checkpoint comes last: what is logged without it is taken back on resume, the other way round it would be lost.
  run.sync();
  await run.checkpoints.save(step, state);
}

/** The candidates scored so far, by phase in the order they run. */
function phasesIn(state: SearchCheckpoint): [Phase, readonly Candidate[]][] {
  return PHASES.map((phase) => [phase, state[phase]?.visited ?? []]);
}

function membersOf(state: SearchState, generation: number): Candidate[] {
  return state.visited.filter((candidate) => candidate.generation === generation);
}

/** Complete generations of both phases: the step of events and checkpoints. */
function generationsIn(state: SearchCheckpoint): number {
  const of = (one: SearchState | undefined) => (one === undefined ? 0 : one.generation + 1);
  return of(state.search) + of(state.baseline);
}

function outcomeOf(
  phase: Phase,
  state: SearchState,
  space: SearchSpace,
  costs: readonly CostTable[],
): SearchOutcome {
  const withCosts = (candidate: Candidate) => costed(candidate, space, costs);
  const topK = state.topK.map(withCosts);
  return {
    method: state.method,
    seed: state.seed,
    winner: topK[0]!,
    topK,
    ...(state.front && { front: state.front.map(withCosts) }),
    evaluated: state.visited.length,
    history: Array.from({ length: state.generation + 1 }, (_, g) => summarize(phase, state, g)),
    ...(state.note !== undefined && { note: state.note }),
  };
}

function costed(
  { architecture, score, generation }: Candidate,
  space: SearchSpace,
  costs: readonly CostTable[],
): CostedCandidate {
  return {
    architecture,
    choices: architecture.map((value, gene) => space.genes[gene]!.labels[value]!),
    score,
    costs: Object.fromEntries(costs.map((table) => [table.metric, tableCost(table, architecture)])),
    generation,
  };
}

/** A finalist as the candidate it was. */
function winnerOf(
  { architecture, score }: Finalist,
  { visited }: SearchState,
  space: SearchSpace,
  costs: readonly CostTable[],
): CostedCandidate {
  const candidate = visited.find((one) => one.architecture.join() === architecture.join())!;
  return costed({ ...candidate, score }, space, costs);
}

function summarize(phase: Phase, state: SearchState, generation: number): GenerationSummary {
  const soFar = state.visited.filter((candidate) => candidate.generation <= generation);
  const members = membersOf(state, generation);
  return {
    phase,
    method: state.method,
    generation,
    best: Math.max(...soFar.map(({ score }) => score.accuracy)),
    median: median(members.map(({ score }) => score.accuracy)),
    evaluated: soFar.length,
  };
}

function median(values: number[]): number | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
