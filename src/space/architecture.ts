import { expected } from '../core/errors.js';
import type { Architecture, SearchSpace } from './types.js';

/**
 * Throws unless `architecture` has one integer in range per gene.
 *
 * @throws SinglePathError `INVALID_ARGUMENT` naming the gene.
 */
export function checkArchitecture(space: SearchSpace, architecture: Architecture): void {
  const { genes, name } = space;
  if (architecture.length !== genes.length) {
    const kinds = [...new Set(genes.map((gene) => gene.kind))].join(', then ');
    throw expected(
      `${genes.length} genes`,
      `an architecture of '${name}'`,
      architecture.length,
      genes.length === 0
        ? { hint: 'this network has nothing to choose' }
        : { hint: `one number per gene: ${kinds}` },
    );
  }
  for (let i = 0; i < genes.length; i++) {
    const value = architecture[i]!;
    const { size, name: gene, labels } = genes[i]!;
    if (!Number.isInteger(value) || value < 0 || value >= size) {
      throw expected(`an integer from 0 to ${size - 1}`, `gene ${i} (${gene}) of '${name}'`, value, {
        hint: labels.map((label, index) => `${index} = ${label}`).join(', '),
      });
    }
  }
}
