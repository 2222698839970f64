import { costTable } from '../../cost/cost.js';
import { structureTables } from '../../cost/structure.js';
import { type CostTable, tableCost } from '../../cost/table.js';
import type { NamedScores } from '../../search/rankingCard.js';
import type { Architecture, SearchSpace } from '../../space/types.js';

/** Scores that follow from the graph alone: what a supernet has to rank better than. */
export function costBaselines(space: SearchSpace, architectures: readonly Architecture[]): NamedScores[] {
  const { depth, activationOutputs, sqrtUnits } = structureTables(space);
  const tables: [name: string, table: CostTable][] = [
    ['MAdds', costTable(space, 'madds')],
    ['parameters', costTable(space, 'params')],
    ['depth', depth],
    ['activations', costTable(space, 'activations')],
    ['ReLU outputs', activationOutputs],
    ['sqrt units', sqrtUnits],
    ...(space.genes.some(({ kind }) => kind === 'bits')
      ? [['BitOps', costTable(space, 'bitops')] satisfies [string, CostTable]]
      : []),
  ];
  return tables.map(([name, table]) => ({
    name,
    values: architectures.map((architecture) => tableCost(table, architecture)),
  }));
}
