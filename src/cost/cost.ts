import { checkArguments } from '../core/check.js';
import { didYouMean, expected } from '../core/errors.js';
import type { Cost } from '../graph/ops/op.js';
import { checkArchitecture } from '../space/architecture.js';
import { type InputOptions, withInput } from '../space/input.js';
import type { Architecture, SearchSpace } from '../space/types.js';
import { layerProfiles } from './layers.js';
import { type CostTable, type LayerCosts, type Metric, optionOf } from './table.js';

export type { Cost } from '../graph/ops/op.js';

/** The metrics that follow from the graph alone, and what tables call them. */
export const METRIC_TITLES: Readonly<Record<keyof Cost, string>> = {
  madds: 'MAdds',
  params: 'parameters',
  bitops: 'BitOps',
  activations: 'activations',
  weightbits: 'weight bits',
};
export const METRICS = Object.keys(METRIC_TITLES) as (keyof Cost)[];

/** The metrics by which architectures of a space differ: those of bits only where bits are searched. */
export function metricsOf({ genes }: Pick<SearchSpace, 'genes'>): (keyof Cost)[] {
  const searchesBits = genes.some(({ kind }) => kind === 'bits');
  return METRICS.filter((metric) => searchesBits || (metric !== 'bitops' && metric !== 'weightbits'));
}

/**
 * Cost of an architecture for one image: MAdds, parameters (of the retrained network: affine BatchNorm), BitOps
 * (plain number, quantized convolutions only), activations and the bits of all weights. Exact integers.
 *
 * @throws SinglePathError `INVALID_ARGUMENT` (architecture), `INVALID_SPACE` (input size that does not fit).
 */
export function costOf(space: SearchSpace, architecture: Architecture, options: InputOptions = {}): Cost {
  checkArguments('costOf()', { space, options });
  checkArchitecture(space, architecture);
  const total = Object.fromEntries(METRICS.map((metric) => [metric, 0])) as unknown as Cost;
  for (const { genes, sizes, costs } of layerProfiles(withInput(space, options))) {
    const cost = costs[optionOf(architecture, genes, sizes)]!;
    for (const metric of METRICS) total[metric] += cost[metric];
  }
  return total;
}

/**
 * One metric as additive tables, from the same walk over the graph as {@link costOf}.
 *
 * @throws SinglePathError `INVALID_ARGUMENT` for a metric that does not follow from the graph.
 */
export function costTable(space: SearchSpace, name: Metric, options: InputOptions = {}): CostTable {
  checkArguments('costTable()', { space, options });
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
