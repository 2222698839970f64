import type { Config } from '../../config/schema/config.js';
import { SinglePathError } from '../../core/errors.js';
import { calibrate } from '../../latency/calibrate.js';
import { differsFrom } from '../../latency/environment.js';
import { rowTimes } from '../../latency/missing.js';
import { pathRows, spaceRows } from '../../latency/rows.js';
import { bestRows, type LatencyTable, rowTime } from '../../latency/table.js';
import type { SearchSpace } from '../../space/types.js';
import { checkMeasured, type HeldOutControl, heldOutFor, measureWhole } from './measureWhole.js';

/**
 * Fits a table to networks that are measured as a whole: its bias and scale, and from 200 networks on its rows, too.
 *
 * @returns the new table.
 *
 * @throws SinglePathError `INVALID_TABLE` where it is of another environment, `MEASUREMENT`.
 */
export async function calibrateLatency(
  space: SearchSpace,
  table: LatencyTable,
  config: Pick<Config, 'latency' | 'seed'>,
  control: HeldOutControl,
): Promise<LatencyTable> {
  const architectures = heldOutFor('calibrate', space, table, config, control);
  const differs = await differsFrom(table.header.environment, control.session);
  if (differs.length > 0) {
    throw new SinglePathError(
      'INVALID_TABLE',
      `Expected the environment of the table but it differs: ${differs.join('; ')}`,
      {
        hint: 'a table is calibrated where and how it was measured; measure one here',
      },
    );
  }
  const measured = await measureWhole(space, architectures, config, control);
  checkMeasured(3, measured);
  const good = measured.filter(({ ns }) => ns > 0);
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
