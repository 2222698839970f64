import type { ParameterSpec } from '../graph/node/types.js';
import { graphParameters } from '../graph/walk.js';
import { walkSpace } from './check.js';
import type { SearchSpace } from './types.js';

/**
 * Parameters and buffers of all choices, in network order, each at the largest shape any architecture uses: what
 * the supernet allocates. Names are those of a PyTorch state_dict (without `num_batches_tracked`).
 *
 * @throws SinglePathError `INVALID_SPACE` where shapes do not fit.
 */
export function parametersOf(space: SearchSpace): ParameterSpec[] {
  const parameters: ParameterSpec[] = [];
  walkSpace(space, ({ graph, values }) => parameters.push(...graphParameters(graph, values)));
  return parameters;
}
