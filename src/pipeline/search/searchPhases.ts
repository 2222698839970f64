import { checkArguments, checkCallbacks } from '../../core/check.js';
import { SinglePathError } from '../../core/errors.js';
import type { CostTable } from '../../cost/table.js';
import { CandidateFiles } from '../../run/candidateFiles.js';
import type { RunDirectory } from '../../run/directory.js';
import type { Finalist } from '../../search/finalists.js';
import {
  type GenerationSummary,
  membersOf,
  outcomeOf,
  PHASES,
  type Phase,
  type SearchOutcome,
  type SearchResult,
  summarize,
  winnerOf,
  withMeasured,
} from '../../search/result.js';
import type { Candidate, SearchState } from '../../search/types.js';
import type { SearchSpace } from '../../space/types.js';

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
 * @param state that of the checkpoint it goes on from; undefined where it has none.
 * @throws SinglePathError `INVALID_CONFIG`.
 */
export function checkGenerations(state: unknown, generations: number): void {
  const { search, baseline } = (state ?? {}) as SearchCheckpoint;
  const done = Math.max(search?.generation ?? 0, baseline?.generation ?? 0);
  if (done <= generations) return;
  throw new SinglePathError(
    'INVALID_CONFIG',
    `Expected at least ${done} for search.generations, as many as are done, but received ${generations}`,
    { hint: 'a search of fewer needs another run directory; the scores of its candidates are there already' },
  );
}

function restore(run: RunDirectory | undefined): SearchCheckpoint {
  const checkpoint = run?.restore<SearchCheckpoint>();
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

/** Complete generations of both phases: the step of events and checkpoints. */
function generationsIn(state: SearchCheckpoint): number {
  const of = (one: SearchState | undefined) => (one === undefined ? 0 : one.generation + 1);
  return of(state.search) + of(state.baseline);
}
