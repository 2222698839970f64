import { SinglePathError } from '../../core/errors.js';
import { costOf } from '../../cost/cost.js';
import { formatExact } from '../../report/format.js';
import type { Column } from '../../report/table.js';
import { formatArchitecture, parseArchitecture } from '../../space/architecture.js';
import type { Architecture } from '../../space/types.js';
import { readArchitectures } from '../common/architectures.js';
import type { SpaceOptions } from '../common/options.js';
import { printJson, printTable } from '../common/output.js';
import { spaceArgument } from '../common/spaceArgument.js';

export interface CostCommandOptions extends SpaceOptions {
  arch: string[];
  archs?: string;
}

/** `singlepath cost` */
export async function cost(name: string, options: CostCommandOptions): Promise<void> {
  const space = await spaceArgument(name, options);
  const architectures: Architecture[] = [
    // A network without genes has one architecture, which needs no name.
    ...(space.genes.length === 0 ? [[]] : []),
    ...options.arch.map((genes) => parseArchitecture(space, genes)),
    ...(options.archs === undefined ? [] : readArchitectures(space, options.archs)),
  ];
  if (architectures.length === 0) {
    throw new SinglePathError('INVALID_ARGUMENT', 'Expected --arch GENES or --archs FILE', {
      hint: `${space.name} has ${space.genes.length} genes`,
    });
  }
  const quantized = space.genes.some((gene) => gene.kind === 'bits');
  const rows = architectures.map((architecture) => {
    const { madds, params, bitops, activations, weightbits } = costOf(space, architecture);
    const genes = [...architecture];
    return {
      architecture: genes,
      arch: genes,
      madds,
      params,
      ...(quantized && { bitops, weightbits }),
      activations,
    };
  });
  if (options.json) {
    printJson(
      'cost',
      rows.map(({ activations: _, ...row }) => row),
    );
    return;
  }
  const columns: Column[] = [
    { title: 'architecture' },
    { title: 'MAdds', align: 'right' },
    { title: 'parameters', align: 'right' },
    ...(quantized
      ? ([
          { title: 'BitOps (2^30)', align: 'right' },
          { title: 'weight bits', align: 'right' },
        ] as const)
      : []),
    { title: 'activations', align: 'right' },
  ];
  printTable(
    columns,
    rows.map(({ architecture, madds, params, bitops, weightbits, activations }) => [
      formatArchitecture(space, architecture),
      formatExact(madds),
      formatExact(params),
      ...(bitops === undefined ? [] : [(bitops / 2 ** 30).toFixed(3), formatExact(weightbits!)]),
      formatExact(activations),
    ]),
  );
}
