import type { Config } from '../../config/schema/config.js';
import { withPrefix } from '../../core/errors.js';
import { parseConstraints } from '../../cost/constraint.js';
import type { Deployment, TableFiles } from '../../latency/compatible.js';
import { costTable } from '../../latency/cost/costTable.js';
import { type FeasibleSet, feasibleSet } from '../../sampling/feasible.js';
import type { SearchSpace } from '../../space/types.js';

/**
 * The architectures that meet all constraints.
 *
 * @param deployment what latency tables must have been measured with, and their files.
 * @throws SinglePathError `INFEASIBLE_CONSTRAINT` with the smallest possible cost; what costTable throws.
 */
export function legalArchitectures(
  space: SearchSpace,
  texts: readonly string[],
  deployment: Partial<Deployment> & { tables?: TableFiles } = {},
): FeasibleSet {
  const constraints = parseConstraints(texts);
  const tables = constraints.map(({ metric }) => costTable(space, metric, deployment));
  return feasibleSet(space, tables, constraints);
}

/** Those a search may visit. @throws SinglePathError as above, naming the setting. */
export function searchedArchitectures(space: SearchSpace, { search, latency }: Config): FeasibleSet {
  return withPrefix('search.constraints: ', () => legalArchitectures(space, search.constraints, latency));
}
