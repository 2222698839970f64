import type { Config } from '../../config/schema/config.js';
import { checkArguments } from '../../core/check.js';
import { SinglePathError } from '../../core/errors.js';
import type { Session } from '../../latency/device/session.js';
import { identityOf } from '../../latency/environment.js';
import { Journal } from '../../latency/measure/journal.js';
import { measureOverhead, stoppedMeasurement } from '../../latency/measure/measure.js';
import { heldOutNetworks, type MeasuredNetwork, measureNetworks } from '../../latency/measure/networks.js';
import type { LatencyTable } from '../../latency/table.js';
import { hashOf, spaceHash } from '../../space/hash.js';
import type { Architecture, SearchSpace } from '../../space/types.js';
import { stopRuleOf } from './measureLatency.js';

/** Where measured networks are kept until their result is written; `resume` goes on with what is there. */
export interface NetworksJournal {
  path: string;
  resume: boolean;
}

export interface WholeControl {
  session: Session;
  /** Absent: a process that is killed loses what it measured. Whoever names it deletes it. */
  journal?: NetworksJournal | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
  onDrift?: ((change: number, again: boolean) => void) | undefined;
}

/**
 * Measures whole networks on a device, for the settings of a configuration.
 *
 * @throws SinglePathError what measureNetworks and Journal.open throw.
 */
export async function measureWhole(
  space: SearchSpace,
  architectures: readonly Architecture[],
  { latency, seed }: Pick<Config, 'latency' | 'seed'>,
  { session, journal: place, signal, onProgress, onDrift }: WholeControl,
): Promise<MeasuredNetwork[]> {
  const stop = stopRuleOf(latency, session);
  const { repetitions, sentinelEvery, drift, coolDown, retries } = latency;
  const settings = { seed, stop, repetitions, sentinelEvery, drift, retries };
  using journal =
    place &&
    Journal.open(
      place.path,
      {
        plan: hashOf({ space: spaceHash(space), architectures, settings }),
        environment: identityOf(await session.environment()),
      },
      place.resume,
    );
  try {
    const overheadNs = await measureOverhead({ session, space, stop, journal, signal });
    return await measureNetworks(architectures, {
      ...settings,
      coolDown,
      space,
      session,
      journal,
      overheadNs,
      signal,
      onProgress,
      onDrift,
    });
  } catch (error) {
    throw stoppedMeasurement(error, journal, signal);
  }
}

export interface HeldOutControl extends WholeControl {
  /** Networks to measure. */
  paths: number;
}

/**
 * Checks the arguments of a function that compares a table with whole networks, and draws these: those of `calibrate` and
 * those of `verify` have none in common.
 *
 * @throws SinglePathError `INVALID_ARGUMENT`.
 */
export function heldOutFor(
  purpose: 'calibrate' | 'verify',
  space: SearchSpace,
  latencyTable: LatencyTable,
  config: Pick<Config, 'latency' | 'seed'>,
  control: HeldOutControl,
): Architecture[] {
  const call = `${purpose}Latency()`;
  checkArguments(call, { space, latencyTable, config, control });
  checkArguments(call, { device: control.session, section: config.latency });
  return heldOutNetworks(space, control.paths, config.seed, purpose);
}

/** @throws SinglePathError `MEASUREMENT` where fewer than `least` networks have a time. */
export function checkMeasured(least: number, measured: readonly MeasuredNetwork[]): void {
  const failed = measured.filter(({ ns }) => !(ns > 0));
  const good = measured.length - failed.length;
  if (good >= least) return;
  const why = failed[0] === undefined ? '' : `: ${failed[0].error ?? 'no time'}`;
  throw new SinglePathError(
    'MEASUREMENT',
    `Expected the times of at least ${least} networks but only ${good} of ${measured.length} could be measured${why}`,
    { hint: failed.length > 0 ? 'see whether one runs by hand' : 'measure more: --paths' },
  );
}
