import { RandomStream } from '../../core/rng.js';
import { FeasibleSet } from '../../sampling/feasible.js';
import type { Architecture, SearchSpace } from '../../space/types.js';
import { pathRows, spaceRows } from '../rows.js';
import type { Times } from '../table.js';
import type { MeasureSettings } from './measure.js';
import { type Reading, slowness } from './speed.js';
import { meanOf, median, sortedCopy, timesOf } from './statistics.js';
import { pathVisit, shuffled } from './visits.js';
import { steadyOnes, type WindowOptions, Windows } from './windows.js';

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
  /** Median of each repetition. */
  repetitions: number[];
  /** Of all samples of all repetitions, at the usual speed of the machine. */
  times?: Times;
  drifted: boolean;
  error?: string;
}

/**
 * Measures whole networks, repetitions interleaved with those of the others. How slow the machine was in each window is
 * divided out ({@link slowness}).
 */
export async function measureNetworks(
  architectures: readonly Architecture[],
  options: NetworkOptions,
): Promise<MeasuredNetwork[]> {
  const { space, seed, repetitions, sentinelEvery, overheadNs, onProgress } = options;
  const all = spaceRows(space);
  const count = architectures.length;
  const order = Array.from({ length: repetitions }, (_, repetition) =>
    shuffled(count, new RandomStream(seed, 'shuffle', repetition)),
  ).flat();
  const visits = order.map((network, index) => ({
    index,
    chain: pathRows(space, architectures[network]!),
    timers: false,
  }));
  const windows = new Windows({
    ...options,
    blocks: all.rows.map(({ block }) => block),
    sentinel: pathVisit(all, 0, seed).chain,
    onVisit: (inWindow) => onProgress?.({ done: windows.count + inWindow, total: visits.length }),
  });
  for (let first = 0, window = 0; first < visits.length; first += sentinelEvery, window++) {
    await windows.run(window, visits.slice(first, first + sentinelEvery));
  }
  const { results } = windows;
  const slow = slowness(
    results.flatMap(({ visit, result, window }): Reading[] =>
      result.status === 'ok'
        ? [
            {
              item: order[visit.index]!,
              group: window,
              value: median(sortedCopy(result.totals)) - overheadNs,
            },
          ]
        : [],
    ),
  );
  return architectures.map((architecture, network) => {
    const { kept: own, drifted } = steadyOnes(results.filter(({ visit }) => order[visit.index] === network));
    const samples = own.flatMap(({ result, window }) =>
      result.status === 'ok' ? [result.totals.map((total) => (total - overheadNs) / slow.get(window)!)] : [],
    );
    const medians = samples.map((totals) => median(sortedCopy(totals)));
    const error = own.find(({ result }) => result.error !== undefined)?.result.error;
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
  // Ranks of one parity each: disjoint, and random within.
  const parity = part === 'calibrate' ? 0n : 1n;
  const half = (set.count + (1n - parity)) / 2n;
  const random = new RandomStream(seed, 'split', part === 'calibrate' ? 1 : 2);
  const ranks = new Set<bigint>();
  while (BigInt(ranks.size) < half && ranks.size < count) ranks.add(2n * random.bigInteger(half) + parity);
  return [...ranks].map((rank) => set.at(rank));
}
