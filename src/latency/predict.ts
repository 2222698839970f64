import { checkArguments } from '../core/check.js';
import type { Architecture, SearchSpace } from '../space/types.js';
import { rowTimes } from './missing.js';
import { pathRows, spaceRows } from './rows.js';
import { bestRows, type LatencyTable, type RowFlag, type RowSource } from './table.js';

export interface PredictedRow {
  layer: string;
  label: string;
  key: string;
  ms: number;
  source: RowSource;
  flags: RowFlag[];
}

export interface Prediction {
  architecture: number[];
  /** Calibrated where the table is. */
  latencyMs: number;
  /** The plain sum of the rows. */
  rawMs: number;
  /** One a layer, uncalibrated. */
  rows: PredictedRow[];
}

/**
 * What a table says about whole networks.
 *
 * @throws SinglePathError `INVALID_TABLE` that lists every row of the space that is missing.
 */
export function predict(
  space: SearchSpace,
  table: LatencyTable,
  architectures: readonly Architecture[],
  name = 'the table',
): Prediction[] {
  checkArguments('predictLatency()', { space, latencyTable: table, architectures });
  const times = rowTimes(space, table, name);
  const best = bestRows(table);
  const { rows, layers } = spaceRows(space);
  const { biasNs, scale } = table.header.calibration ?? { biasNs: 0, scale: 1 };
  return architectures.map((architecture) => {
    const indices = pathRows(space, architecture);
    const sum = indices.reduce((total, index) => total + times[index]!, 0);
    return {
      architecture: [...architecture],
      latencyMs: (biasNs + scale * sum) / 1e6,
      rawMs: sum / 1e6,
      rows: indices.map((index, layer) => {
        const { key, label } = rows[index]!;
        const { source, flags } = best.get(key)!;
        return { layer: layers[layer]!.name, label, key, ms: times[index]! / 1e6, source, flags };
      }),
    };
  });
}
