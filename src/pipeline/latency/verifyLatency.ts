import type { Config } from '../../config/schema/config.js';
import { accuracyOf } from '../../latency/accuracy.js';
import { differsFrom } from '../../latency/environment.js';
import { repeatability } from '../../latency/measure/networks.js';
import { predict } from '../../latency/predict.js';
import type { LatencyTable, TableAccuracy } from '../../latency/table.js';
import type { SearchSpace } from '../../space/types.js';
import { checkMeasured, type HeldOutControl, heldOutFor, measureWhole } from './measureWhole.js';

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
 * Measures random networks as a whole, which no table was fitted to, and compares their times with what the table says.
 *
 * @throws SinglePathError `MEASUREMENT` where fewer than two could be measured, and what measureNetworks throws.
 */
export async function verifyLatency(
  space: SearchSpace,
  table: LatencyTable,
  config: Pick<Config, 'latency' | 'seed'>,
  control: HeldOutControl,
): Promise<Verification> {
  const architectures = heldOutFor('verify', space, table, config, control);
  const predictions = predict(space, table, architectures);
  const measured = await measureWhole(space, architectures, config, control);
  checkMeasured(2, measured);
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
    differs: await differsFrom(table.header.environment, control.session),
  };
}
