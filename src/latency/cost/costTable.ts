import { checkArguments } from '../../core/check.js';
import { latencyTableOf } from '../../cost/constraint.js';
import { costTable as graphCostTable } from '../../cost/cost.js';
import type { CostTable, LayerCosts, Metric } from '../../cost/table.js';
import { type InputOptions, withInput } from '../../space/input.js';
import type { SearchSpace } from '../../space/types.js';
import { checkTable, type Deployment, type TableFiles } from '../compatible.js';
import { readTable } from '../format/files.js';
import { rowTimes } from '../missing.js';
import { spaceRows } from '../rows.js';
import type { LatencyTable } from '../table.js';

/**
 * A cost as additive tables: one that follows from the graph (`madds`), that of a lookup table's file
 * (`latency[pi.lut]`), or that of a table at hand. Latencies are in nanoseconds and calibrated where the table is:
 * `bias + scale * sum of the rows' medians`.
 *
 * @param options another input size or number of classes; the files of named tables; and what the network will run
 *   with: a table measured otherwise is refused.
 * @throws SinglePathError `INVALID_ARGUMENT` for an unknown metric, `INVALID_TABLE` for a table of something else or
 *   one that lacks rows, `IO`.
 */
export function costTable(
  space: SearchSpace,
  cost: Metric | LatencyTable,
  options: InputOptions & Partial<Deployment> & { tables?: TableFiles } = {},
): CostTable {
  checkArguments('costTable()', { space, options });
  if (typeof cost !== 'string') {
    checkArguments('costTable()', { latencyTable: cost });
    return latencyCosts(withInput(space, options), cost, options, 'table');
  }
  const name = latencyTableOf(cost);
  if (name === undefined) return graphCostTable(space, cost, options);
  return latencyCosts(withInput(space, options), tableOf(name, options.tables), options, name);
}

/** The table that a constraint names. @throws SinglePathError `IO`, `INVALID_TABLE`. */
export function tableOf(name: string, tables: TableFiles = {}): LatencyTable {
  return readTable(Object.hasOwn(tables, name) ? tables[name]! : name);
}

function latencyCosts(
  space: SearchSpace,
  table: LatencyTable,
  deployment: Partial<Deployment>,
  name: string,
): CostTable {
  checkTable(space, table, deployment, name);
  const times = rowTimes(space, table, `'${name}'`);
  const { biasNs, scale } = table.header.calibration ?? { biasNs: 0, scale: 1 };
  let base = biasNs;
  const layers: LayerCosts[] = [];
  for (const { layer, genes, sizes, rows } of spaceRows(space).layers) {
    if (genes.length === 0) base += scale * times[rows[0]!]!;
    else layers.push({ layer, genes, sizes, costs: Float64Array.from(rows, (row) => scale * times[row]!) });
  }
  return { metric: `latency[${name}]`, base, layers };
}
