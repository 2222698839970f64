import { mix64, RandomStream } from '../../core/rng.js';
import { meanOf, median, sortedCopy } from '../../core/statistics.js';
import { FeasibleSet } from '../../sampling/feasible.js';
import { Equivalence } from '../../space/equivalence.js';
import type { Architecture, SearchSpace } from '../../space/types.js';
import { pathRows, spaceRows } from '../rows.js';
import { medianError, timesOf, undisturbed } from '../statistics.js';
import type { Times } from '../table.js';
import type { MeasureSettings } from './measure.js';
import { type Reading, slowness } from './speed.js';
import { pathVisit, shuffled, type Visit } from './visits.js';
import { steadyOnes, type VisitResult, type WindowOptions, Windows } from './windows.js';

export interface NetworkOptions
  extends Pick<
      MeasureSettings,
      'seed' | 'stop' | 'repetitions' | 'sentinelEvery' | 'drift' | 'coolDown' | 'retries'
    >,
    Pick<WindowOptions, 'session' | 'signal' | 'onDrift' | 'journal'> {
  space: SearchSpace;
  /** Time of an empty call, which is subtracted. */
  overheadNs: number;
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

/** The measured time of a whole network. */
export interface MeasuredNetwork {
  architecture: Architecture;
  /** Median over the repetitions of their medians, in nanoseconds; NaN where it failed. */
  ns: number;
  /** Median of each repetition; where other programs disturbed it, of its fastest calls. */
  repetitions: number[];
  /** Of all samples of all repetitions, at the usual speed of the machine. */
  times?: Times;
  drifted: boolean;
  error?: string;
}

/** A busy machine gets so many times the repetitions, where medians are not known to the tolerance before. */
const MOST_REPETITIONS = 4;
/** Fewer repetitions than this say nothing about how well a median is known. */
const TELLING = 6;

/**
 * Measures whole networks, repetitions interleaved with those of the others: as many as asked for, and more of all where
 * their medians are not known to `stop.tolerance` on average. How slow the machine was in each window is divided out
 * ({@link slowness}).
 */
export async function measureNetworks(
  architectures: readonly Architecture[],
  options: NetworkOptions,
): Promise<MeasuredNetwork[]> {
  const { space, session, seed, stop, repetitions, sentinelEvery, onProgress } = options;
  const all = spaceRows(space);
  const chains = architectures.map((architecture) => pathRows(space, architecture));
  const visits: NetworkVisit[] = [];
  const windows = new Windows({
    ...options,
    blocks: all.rows.map(({ block }) => block),
    sentinel: pathVisit(all, 0, seed).chain,
    onVisit: (inWindow) => onProgress?.({ done: windows.count + inWindow, total: visits.length }),
  });
  // A runner's number is an average already, and takes its time.
  const most =
    repetitions < TELLING || !session.abilities.overhead ? repetitions : MOST_REPETITIONS * repetitions;
  let window = 0;
  for (let round = 0; ; ) {
    const rounds = Math.min(round === 0 ? repetitions : Math.ceil(repetitions / 3), most - round);
    const first = visits.length;
    for (const last = round + rounds; round < last; round++)
      visits.push(...roundOf(chains, round, seed, visits.length));
    for (let from = first; from < visits.length; from += sentinelEvery, window++) {
      await windows.run(window, visits.slice(from, from + sentinelEvery));
    }
    const measured = networksOf(architectures, visits, windows.results, options);
    if (round >= most || uncertainty(measured) <= stop.tolerance) return measured;
  }
}

interface NetworkVisit extends Visit {
  network: number;
}

/** All networks once, in a random order. */
function roundOf(chains: readonly number[][], round: number, seed: number, first: number): NetworkVisit[] {
  const order = shuffled(chains.length, new RandomStream(seed, 'shuffle', round));
  return order.map((network, i) => ({ index: first + i, network, chain: chains[network]!, timers: false }));
}

function networksOf(
  architectures: readonly Architecture[],
  visits: readonly NetworkVisit[],
  results: readonly VisitResult[],
  { overheadNs }: NetworkOptions,
): MeasuredNetwork[] {
  const good = results.filter(({ result }) => result.status === 'ok');
  const slow = slowness(
    good.map(({ visit, result, window }): Reading => {
      const value = median(sortedCopy(undisturbed(result.totals))) - overheadNs;
      return { item: visits[visit.index]!.network, group: window, value };
    }),
  );
  return architectures.map((architecture, network) => {
    const own = (all: readonly VisitResult[]) =>
      all.filter(({ visit }) => visits[visit.index]!.network === network);
    const { kept, drifted } = steadyOnes(own(good));
    const samples = kept.map(({ result, window }) =>
      result.totals.map((total) => (total - overheadNs) / slow.get(window)!),
    );
    const medians = samples.map((totals) => median(sortedCopy(undisturbed(totals))));
    const error = own(results).find(({ result }) => result.error !== undefined)?.result.error;
    return {
      architecture,
      ns: medians.length === 0 ? Number.NaN : median(sortedCopy(medians)),
      repetitions: medians,
      ...(samples.length > 0 && { times: timesOf(samples.flat()) }),
      drifted,
      ...(error !== undefined && { error }),
    };
  });
}

/** Mean relative half-width of the intervals of the networks' medians over their repetitions. */
function uncertainty(networks: readonly MeasuredNetwork[]): number {
  const parts = networks.flatMap(({ ns, repetitions }) =>
    ns > 0 ? [medianError(sortedCopy(repetitions)) / ns] : [],
  );
  return parts.length === 0 ? 0 : meanOf(parts);
}

/**
 * Mean difference in per cent between one repetition and the median of the same network's others: no table can predict
 * better than the measurement repeats. Undefined with one repetition.
 */
export function repeatability(networks: readonly MeasuredNetwork[]): number | undefined {
  const parts = networks.flatMap(({ repetitions }) =>
    repetitions.length < 2
      ? []
      : repetitions.map((own, i) => {
          const others = median(sortedCopy(repetitions.filter((_, j) => j !== i)));
          return (100 * Math.abs(own - others)) / others;
        }),
  );
  return parts.length === 0 ? undefined : meanOf(parts);
}

/**
 * `count` different random networks, or all there are. Sets of different `part` have no network in common: one is for
 * calibration, one for verification.
 */
export function heldOutNetworks(
  space: SearchSpace,
  count: number,
  seed: number,
  part: 'calibrate' | 'verify',
): Architecture[] {
  const set = new FeasibleSet(space);
  // Of two ranks in a row each part has one. Which, is as good as random: their parity would be that of the last gene.
  const first = part === 'calibrate' ? 0n : 1n;
  const half = (set.count + (1n - first)) / 2n;
  const rankOf = (pair: bigint): bigint => {
    const swapped = 2n * pair + 1n < set.count ? mix64(pair) & 1n : 0n;
    return 2n * pair + (first ^ swapped);
  };
  const random = new RandomStream(seed, 'split', part === 'calibrate' ? 1 : 2);
  const equivalence = new Equivalence(space);
  const drawn = new Set<bigint>();
  const networks = new Map<string, Architecture>();
  while (BigInt(drawn.size) < half && networks.size < count) {
    const rank = rankOf(random.bigInteger(half));
    if (drawn.has(rank)) continue;
    drawn.add(rank);
    // A network belongs to the part of its canonical architecture, whichever of its spellings is drawn.
    const canonical = equivalence.canonical(set.at(rank));
    const own = set.rank(canonical)!;
    if (rankOf(own / 2n) === own) networks.set(canonical.join(), canonical);
  }
  return [...networks.values()];
}
