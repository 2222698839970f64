import type { Config } from '../config/schema/config.js';
import { checkArguments } from '../core/check.js';
import { differences } from '../core/differences.js';
import { SinglePathError } from '../core/errors.js';
import { accuracyOf } from '../latency/accuracy.js';
import { calibrate } from '../latency/calibrate.js';
import type { Session } from '../latency/device/session.js';
import { identityOf } from '../latency/environment.js';
import { Journal } from '../latency/measure/journal.js';
import { measureOverhead, stoppedMeasurement } from '../latency/measure/measure.js';
import {
  heldOutNetworks,
  type MeasuredNetwork,
  measureNetworks,
  repeatability,
} from '../latency/measure/networks.js';
import { rowTimes } from '../latency/missing.js';
import { predict } from '../latency/predict.js';
import { pathRows, spaceRows } from '../latency/rows.js';
import { bestRows, type LatencyTable, rowTime, type TableAccuracy } from '../latency/table.js';
import { hashOf, spaceHash } from '../space/hash.js';
import type { Architecture, SearchSpace } from '../space/types.js';
import { stopRuleOf } from './measureLatency.js';

/** Where measured networks are kept until their result is written; `resume` goes on with what is there. */
export interface NetworksJournal {
  path: string;
  resume: boolean;
}

export interface VerifyControl {
  session: Session;
  /** Networks to measure. */
  paths: number;
  /** Absent: a process that is killed loses what it measured. Whoever names it deletes it. */
  journal?: NetworksJournal | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
  onDrift?: ((change: number, again: boolean) => void) | undefined;
}

export interface VerifiedNetwork {
  architecture: number[];
  /** Milliseconds. */
  predicted: number;
  raw: number;
  measured: number;
}

export interface Verification {
  /** Of the calibrated prediction, and of the plain sum; the same where the table is not calibrated. */
  accuracy: TableAccuracy;
  raw: TableAccuracy;
  /** Mean difference between repetitions in per cent: no table can do better. Null with one repetition. */
  repeatability: number | null;
  networks: VerifiedNetwork[];
  /** Networks measured while the machine changed its speed, and those that failed. */
  drifted: number;
  failed: { architecture: number[]; error: string }[];
  /** How the device differs from that of the table, one line each; empty where it does not. */
  differs: string[];
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
  { session, journal: place, signal, onProgress, onDrift }: Omit<VerifyControl, 'paths'>,
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
      ...{ ...settings, coolDown, space, session, journal, overheadNs },
      ...{ signal, onProgress, onDrift },
    });
  } catch (error) {
    throw stoppedMeasurement(error, journal, signal);
  }
}

/**
 * Measures held-out random networks whole and compares them with what the table says.
 *
 * @throws SinglePathError `MEASUREMENT` where fewer than two could be measured, and what measureNetworks throws.
 */
export async function verifyLatency(
  space: SearchSpace,
  table: LatencyTable,
  config: Pick<Config, 'latency' | 'seed'>,
  control: VerifyControl,
): Promise<Verification> {
  checkArguments('verifyLatency()', { space, latencyTable: table, config, control });
  checkArguments('verifyLatency()', { device: control.session, section: config.latency });
  const architectures = heldOutNetworks(space, control.paths, config.seed, 'verify');
  const predictions = predict(space, table, architectures);
  const measured = await measureWhole(space, architectures, config, control);
  const networks = measured.flatMap((network, i): VerifiedNetwork[] => {
    const { latencyMs, rawMs } = predictions[i]!;
    const measuredMs = network.ns / 1e6;
    return network.ns > 0
      ? [{ architecture: [...network.architecture], predicted: latencyMs, raw: rawMs, measured: measuredMs }]
      : [];
  });
  const failed = measured.flatMap((network) =>
    network.ns > 0 ? [] : [{ architecture: [...network.architecture], error: network.error ?? 'no time' }],
  );
  if (networks.length < 2) throw unmeasured(failed);
  const times = networks.map(({ measured: ms }) => ms);
  return {
    accuracy: accuracyOf(
      networks.map(({ predicted }) => predicted),
      times,
    ),
    raw: accuracyOf(
      networks.map(({ raw }) => raw),
      times,
    ),
    repeatability: repeatability(measured) ?? null,
    networks,
    drifted: measured.filter(({ drifted }) => drifted).length,
    failed,
    differs: await differencesOf(table, control.session),
  };
}

/**
 * Fits a table's bias and scale, and from 200 networks on its rows, to networks measured whole; returns the new table.
 *
 * @throws SinglePathError `INVALID_TABLE` where it is of another environment, `MEASUREMENT`.
 */
export async function calibrateLatency(
  space: SearchSpace,
  table: LatencyTable,
  config: Pick<Config, 'latency' | 'seed'>,
  control: VerifyControl,
): Promise<LatencyTable> {
  checkArguments('calibrateLatency()', { space, latencyTable: table, config, control });
  checkArguments('calibrateLatency()', { device: control.session, section: config.latency });
  const differs = await differencesOf(table, control.session);
  if (differs.length > 0) {
    throw new SinglePathError(
      'INVALID_TABLE',
      `Expected the environment of the table but it differs: ${differs.join('; ')}`,
      {
        hint: 'a table is calibrated where and how it was measured; measure one here',
      },
    );
  }
  const architectures = heldOutNetworks(space, control.paths, config.seed, 'calibrate');
  const measured = await measureWhole(space, architectures, config, control);
  const good = measured.filter(({ ns }) => ns > 0);
  if (good.length < 3) {
    throw unmeasured(
      measured.map(({ architecture, error = 'no time' }) => ({ architecture: [...architecture], error })),
    );
  }
  const observations = good.map(({ architecture, ns }) => ({ rows: pathRows(space, architecture), ns }));
  const { calibration, rows } = calibrate(rowTimes(space, table, 'the table'), observations);
  const { accuracy: _, ...header } = table.header;
  return {
    header: { ...header, calibration },
    rows: rows === undefined ? table.rows : withTimes(space, table, rows),
  };
}

/** The table with other medians in the rows that sums use. */
function withTimes(space: SearchSpace, table: LatencyTable, times: Float64Array): LatencyTable['rows'] {
  const best = new Set(bestRows(table).values());
  const indices = new Map(spaceRows(space).rows.map(({ key }, index) => [key, index]));
  return table.rows.map((row) => {
    const index = indices.get(row.key);
    if (index === undefined || !best.has(row) || rowTime(row) === undefined) return row;
    const { published: _, ...rest } = row;
    return { ...rest, times: { ...row.times!, p50: Math.round(times[index]!) } };
  });
}

/** What differs between the device and the one a table is of; a foreign file does not tell. */
async function differencesOf({ header }: LatencyTable, session: Session): Promise<string[]> {
  if (header.environment.runtime === 'imported') return [];
  return differences(identityOf(header.environment), identityOf(await session.environment()));
}

function unmeasured(failed: readonly { error: string }[]): SinglePathError {
  const [first] = failed;
  return new SinglePathError(
    'MEASUREMENT',
    `${failed.length} networks could not be measured: ${first?.error ?? 'no time'}`,
    {
      hint: 'see whether one runs by hand',
    },
  );
}
