import { median, sortedCopy } from '../core/statistics.js';
import { type CostTable, tableCost } from '../cost/table.js';
import type { Architecture, SearchSpace } from '../space/types.js';
import type { Finalist } from './finalists.js';
import type { Candidate, Score, SearchState } from './types.js';

/** The searches of a run, in their order; the baseline is only there where it was asked for. */
export const PHASES = ['search', 'baseline'] as const;
export type Phase = (typeof PHASES)[number];

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

/** What a finished search found, with costs. */
export function outcomeOf(
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
    choices: choicesOf(space, architecture),
    score,
    costs: Object.fromEntries(costs.map((table) => [table.metric, tableCost(table, architecture)])),
    generation,
  };
}

/** The labels of an architecture's values. */
export function choicesOf({ genes }: SearchSpace, architecture: Architecture): string[] {
  return architecture.map((value, gene) => genes[gene]!.labels[value]!);
}

/** A finalist as the candidate it was. */
export function winnerOf(
  { architecture, score }: Finalist,
  { visited }: SearchState,
  space: SearchSpace,
  costs: readonly CostTable[],
): CostedCandidate {
  const candidate = visited.find((one) => one.architecture.join() === architecture.join())!;
  return costed({ ...candidate, score }, space, costs);
}

/** One generation, and the best of all up to it. */
export function summarize(phase: Phase, state: SearchState, generation: number): GenerationSummary {
  const soFar = state.visited.filter((candidate) => candidate.generation <= generation);
  const accuracies = sortedCopy(membersOf(state, generation).map(({ score }) => score.accuracy));
  return {
    phase,
    method: state.method,
    generation,
    best: Math.max(...soFar.map(({ score }) => score.accuracy)),
    median: accuracies.length === 0 ? null : median(accuracies),
    evaluated: soFar.length,
  };
}

/** Finalists with the latencies that were measured of them. */
export function withMeasured(
  finalists: readonly Finalist[],
  confirmed: readonly CostedCandidate[],
): Finalist[] {
  return finalists.map((finalist) => {
    const key = finalist.architecture.join();
    const measured = confirmed.find(({ architecture }) => architecture.join() === key)?.measured ?? {};
    return Object.keys(measured).length === 0 ? finalist : { ...finalist, measured };
  });
}

/** The candidates of a generation. */
export function membersOf(state: SearchState, generation: number): Candidate[] {
  return state.visited.filter((candidate) => candidate.generation === generation);
}
