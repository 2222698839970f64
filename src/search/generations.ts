import { generationOf, searchSchema } from '../config/schema/search.js';
import { checkArguments } from '../core/check.js';
import { expected, SinglePathError } from '../core/errors.js';
import { RandomStream } from '../core/rng.js';
import { FeasibleSet } from '../sampling/feasible.js';
import type { GeneSpace } from '../sampling/sampler.js';
import type { Architecture } from '../space/types.js';
import { Explored } from './explored.js';
import {
  type Candidate,
  type Evaluate,
  type FrontMember,
  merit,
  type Origin,
  type Score,
  type SearchState,
  type Valuation,
} from './types.js';

/** What every search takes. Defaults: `SEARCH_DEFAULTS`. */
export interface SearchOptions {
  seed?: number;
  /** Candidates in a generation. */
  population?: number;
  /** Generations after the initial one: population * (generations + 1) evaluations in all. */
  generations?: number;
  /** Best candidates kept over all generations. */
  topK?: number;
  /** The architectures that meet the constraints; absent: all of the space. */
  feasible?: FeasibleSet;
  /** Ranks by a model of the scores instead of by the scores themselves. */
  valuation?: Valuation;
  /** State to go on from. */
  resume?: SearchState;
  signal?: AbortSignal;
}

/** The configuration's defaults: Algorithm 1 of arXiv 1904.00420 as its section 4 runs it, with 1,050 evaluations. */
export const SEARCH_DEFAULTS = searchDefaults();

function searchDefaults() {
  const search = searchSchema.parse({});
  const { population, generations } = search;
  return { seed: 0, population, generations, topK: generationOf(search).topK };
}

/** A new architecture and what it was made from. */
export interface Child {
  architecture: Architecture;
  parents: readonly Architecture[];
}

export interface Proposal extends Partial<Child> {
  architecture: Architecture;
  origin: Origin;
}

/** How one kind of search makes a generation. What is short of the population is filled with random legal ones. */
export interface Method {
  name: SearchState['method'];
  /** Proposals must be claimed in `explored`. */
  propose(random: RandomStream, visited: readonly Candidate[], explored: Explored): Proposal[];
  front?(visited: readonly Candidate[]): FrontMember[];
}

/**
 * Runs generation after generation and yields the state after each. All randomness of generation g comes from
 * RandomStream(seed, 'search', g), and everything else is a function of `visited`, so a state is all there is to
 * save. Ends early, with a note, when every legal architecture has been evaluated.
 *
 * @throws SinglePathError `ABORTED`; `INVALID_ARGUMENT` for scores that are not numbers or a foreign state.
 */
export async function* runGenerations(
  space: GeneSpace,
  evaluate: Evaluate,
  options: SearchOptions,
  method: Method,
): AsyncGenerator<SearchState, void, void> {
  checkArguments('a search', { geneSpace: space, evaluate });
  const { seed, population, generations, topK } = { ...SEARCH_DEFAULTS, ...defined(options) };
  for (const [name, value, least] of [
    ['population', population, 1],
    ['generations', generations, 0],
    ['topK', topK, 1],
  ] as const) {
    if (!(Number.isInteger(value) && value >= least))
      throw expected(`a whole number of at least ${least}`, name, value);
  }
  const feasible = options.feasible ?? new FeasibleSet(space);
  const explored = new Explored(feasible);
  const visited = restore(options.resume, method, seed, explored);
  let valued = withModel(visited, options.valuation);

  // Also goes on from a finished search when more generations are asked for.
  if (options.resume && (options.resume.generation >= generations || explored.exhausted)) {
    yield options.resume;
    return;
  }
  for (let generation = options.resume?.rngCounter ?? 0; generation <= generations; generation++) {
    const random = new RandomStream(seed, 'search', generation);
    const proposals = visited.length === 0 ? [] : method.propose(random, valued, explored);
    while (proposals.length < population) {
      const architecture = explored.claimRandom(random);
      if (architecture === undefined) break;
      proposals.push({ architecture, origin: 'random' });
    }
    const scores = await scored(evaluate, proposals, options.signal);
    visited.push(...proposals.map((proposal, i) => ({ ...proposal, score: scores[i]!, generation })));
    valued = withModel(visited, options.valuation);

    const last = generation === generations;
    const early = !last && explored.exhausted;
    yield {
      method: method.name,
      seed,
      generation,
      rngCounter: generation + 1,
      visited: [...visited],
      topK: best(valued, topK),
      ...(method.front && { front: method.front(valued) }),
      done: last || early,
      ...(early && { note: exhaustedNote(visited.length, feasible) }),
    };
    if (early) return;
  }
}

/** The `count` candidates of the highest `merit`, best first; of equals the more accurate one, then that evaluated first. */
export function best(candidates: readonly Candidate[], count: number): Candidate[] {
  return [...candidates]
    .sort((a, b) => merit(b) - merit(a) || b.score.accuracy - a.score.accuracy)
    .slice(0, count);
}

/** The candidates with what a score model makes of them, where there is one. */
export function withModel(
  visited: readonly Candidate[],
  valuation: Valuation | undefined,
): readonly Candidate[] {
  const predictions = valuation?.(visited);
  if (predictions === undefined) return visited;
  return visited.map((candidate, i) => {
    const { mean, deviation } = predictions[i]!;
    return { ...candidate, score: { ...candidate.score, model: mean, modelDeviation: deviation } };
  });
}

/** Proposes children until `count` are claimed, in at most ten times as many attempts. */
export function attempt(count: number, origin: Origin, explored: Explored, child: () => Child): Proposal[] {
  const proposals: Proposal[] = [];
  for (let attempts = 0; attempts < 10 * count && proposals.length < count; attempts++) {
    const made = child();
    if (explored.claim(made.architecture)) proposals.push({ ...made, origin });
  }
  return proposals;
}

async function scored(
  evaluate: Evaluate,
  proposals: readonly Proposal[],
  signal: AbortSignal | undefined,
): Promise<readonly Score[]> {
  const aborted = () => new SinglePathError('ABORTED', 'The search was stopped', { cause: signal?.reason });
  if (signal?.aborted) throw aborted();
  const architectures = proposals.map(({ architecture }) => architecture);
  const scores = architectures.length === 0 ? [] : await evaluate(architectures, signal ? { signal } : {});
  if (signal?.aborted) throw aborted();
  if (scores.length !== architectures.length)
    throw expected(`${architectures.length} scores`, 'evaluate()', scores.length);
  scores.forEach(({ accuracy }, i) => {
    if (!Number.isFinite(accuracy))
      throw expected('a number', `the accuracy of ${architectures[i]!.join()}`, accuracy);
  });
  return scores;
}

function restore(
  state: SearchState | undefined,
  method: Method,
  seed: number,
  explored: Explored,
): Candidate[] {
  if (state === undefined) return [];
  if (state.method !== method.name)
    throw expected(`'${method.name}'`, 'the method of the state to resume', state.method);
  if (state.seed !== seed) throw expected(String(seed), 'the seed of the state to resume', state.seed);
  const { genes } = explored.feasible.space;
  for (const { architecture } of state.visited) {
    const fits =
      architecture.length === genes.length &&
      genes.every(({ size }, g) => architecture[g]! >= 0 && architecture[g]! < size);
    if (!fits || !explored.claim(architecture)) {
      throw expected(
        'architectures that meet the constraints, each once',
        'the state to resume',
        architecture.join(),
      );
    }
  }
  return [...state.visited];
}

function exhaustedNote(evaluated: number, { exact, excludedFraction }: FeasibleSet): string {
  const share = exact
    ? ''
    : ` (but at most ${(excludedFraction * 100).toPrecision(2)} % of them, too close to a limit to be counted)`;
  return `All legal architectures are evaluated after ${evaluated} evaluations${share}`;
}

/** Without the properties that are undefined, which would hide defaults. */
function defined(
  options: SearchOptions,
): Partial<Pick<Required<SearchOptions>, keyof typeof SEARCH_DEFAULTS>> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
