import { didYouMean, expected } from '../core/errors.js';
import type { Cost } from '../graph/ops/op.js';
import { checkArchitecture } from '../space/architecture.js';
import { type InputOptions, withInput } from '../space/input.js';
import type { Architecture, SearchSpace } from '../space/types.js';
import { layerProfiles } from './layers.js';
import type { CostTable, LayerCosts, Metric } from './table.js';

export type { Cost } from '../graph/ops/op.js';

/** The metrics that follow from the graph alone. */
export const METRICS = [
  'madds',
  'params',
  'bitops',
  'activations',
  'weightbits',
] as const satisfies readonly (keyof Cost)[];

/**
 * Cost of an architecture for one image: MAdds, parameters (of the retrained network: affine BatchNorm), BitOps
 * (plain number, quantized convolutions only), activations and the bits of all weights. Exact integers.
 *
 * @throws SinglePathError `INVALID_ARGUMENT` (architecture), `INVALID_SPACE` (input size that does not fit).
 */
export function costOf(space: SearchSpace, architecture: Architecture, options: InputOptions = {}): Cost {
  checkArchitecture(space, architecture);
  const total: Cost = { madds: 0, params: 0, bitops: 0, activations: 0, weightbits: 0 };
  for (const { genes, sizes, costs } of layerProfiles(withInput(space, options))) {
    let index = 0;
    for (let g = 0; g < genes.length; g++) index = index * sizes[g]! + architecture[genes[g]!]!;
    const cost = costs[index]!;
    total.madds += cost.madds;
    total.params += cost.params;
    total.bitops += cost.bitops;
    total.activations += cost.activations;
    total.weightbits += cost.weightbits;
  }
  return total;
}

/**
 * One metric as additive tables, from the same walk over the graph as {@link costOf}.
 *
 * @throws SinglePathError `INVALID_ARGUMENT` for a metric that does not follow from the graph.
 */
export function costTable(space: SearchSpace, name: Metric, options: InputOptions = {}): CostTable {
  const metric = METRICS.find((known) => known === name);
  if (metric === undefined) {
    throw expected('a metric of the graph', 'metric', name, { hint: didYouMean(name, METRICS) });
  }
  let base = 0;
  const layers: LayerCosts[] = [];
  for (const { layer, genes, sizes, costs } of layerProfiles(withInput(space, options))) {
    if (genes.length === 0) base += costs[0]![metric];
    else layers.push({ layer, genes, sizes, costs: Float64Array.from(costs, (cost) => cost[metric]) });
  }
  return { metric, base, layers };
}
