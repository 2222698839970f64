import { SinglePathError } from '../core/errors.js';
import type { TensorEntry } from '../runtime/native.js';

const OPTIMIZER = 'optimizer.';

/** Without the optimiser's momenta. */
export function withoutOptimizer(tensors: readonly TensorEntry[]): TensorEntry[] {
  return tensors.filter(({ name }) => !name.startsWith(OPTIMIZER));
}

/**
 * Checks that tensors of a file fit a network: all of the network's are there, none else, and the shapes agree. Momenta
 * may be absent: they exist only for parameters that were trained.
 *
 * @throws SinglePathError `INVALID_CHECKPOINT` naming the file and the tensor.
 */
export function checkTensors(own: readonly TensorEntry[], found: readonly TensorEntry[], path: string): void {
  const wrong = (what: string) =>
    new SinglePathError(
      'INVALID_CHECKPOINT',
      `Expected the tensors of this network in '${path}' but ${what}`,
      {
        hint: 'use the space, input size and classes it was trained with',
      },
    );
  const shapes = new Map(withoutOptimizer(own).map(({ name, shape }) => [name, shape]));
  const missing = new Set(shapes.keys());
  for (const { name, shape } of found) {
    const parameter = name.startsWith(OPTIMIZER) ? name.slice(OPTIMIZER.length) : name;
    const wanted = shapes.get(parameter);
    if (wanted === undefined) throw wrong(`'${name}' is none of them`);
    if (wanted.join() !== shape.join()) throw wrong(`'${name}' has shape [${shape}] instead of [${wanted}]`);
    missing.delete(name);
  }
  const [first] = missing;
  if (first !== undefined) throw wrong(`'${first}' is missing`);
}
