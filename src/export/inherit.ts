import { SinglePathError } from '../core/errors.js';
import { productOf } from '../core/sizes.js';
import type { ParameterSpec } from '../graph/node/types.js';
import type { TensorEntry } from '../runtime/native.js';
import { parametersOf } from '../space/parameters.js';
import { deriveSubnet } from '../space/subnet.js';
import type { Architecture, SearchSpace } from '../space/types.js';

/**
 * The tensors of an architecture's subnet, taken from the state of the supernet: weights cut to `[:out, :in]`, the
 * entry of the chosen bits where a quantizer has one per bit width, and a neutral scale and shift where the supernet's
 * BatchNorm has none. The state of the subnet itself (retrained) comes back as it is.
 *
 * @returns tensors in network order, with the names and shapes of `parametersOf(deriveSubnet(space, architecture))`.
 * @throws SinglePathError `INVALID_CHECKPOINT` where a tensor is missing or smaller than needed.
 */
export function inheritWeights(
  space: SearchSpace,
  architecture: Architecture,
  state: readonly TensorEntry[],
): TensorEntry[] {
  const subnet = deriveSubnet(space, architecture);
  const entries = new Map(state.map((entry) => [entry.name, entry]));
  const genes = new Map(parametersOf(space).map(({ name, gene }) => [name, gene]));
  return parametersOf(subnet).map((spec) => {
    const { name, shape, neutral } = spec;
    const entry = entries.get(name);
    const gene = genes.get(name);
    if (entry !== undefined) return cut(entry, spec, gene === undefined ? 0 : architecture[gene]!);
    if (neutral === undefined) throw misfit(spec, 'it is missing');
    return { name, shape: [...shape], data: new Float32Array(sizeOf(shape)).fill(neutral) };
  });
}

/** The leading part of a tensor in its first two dimensions; of a list of scalars, one. */
function cut({ name, shape, data }: TensorEntry, spec: ParameterSpec, scalar: number): TensorEntry {
  const wanted = [...spec.shape];
  if (shape.join() === wanted.join()) return { name, shape: wanted, data };
  const fits = (size: number, axis: number) => (axis < 2 ? size <= shape[axis]! : size === shape[axis]);
  if (shape.length !== wanted.length || !wanted.every(fits)) throw misfit(spec, `it has shape [${shape}]`);
  if (wanted.length === 1) {
    const start = wanted[0] === 1 ? scalar : 0;
    return { name, shape: wanted, data: data.slice(start, start + wanted[0]!) };
  }
  const [rows = 1, columns = 1, ...window] = wanted;
  const area = sizeOf(window);
  const part = new Float32Array(sizeOf(wanted));
  for (let row = 0; row < rows; row++) {
    const start = row * shape[1]! * area;
    part.set(data.subarray(start, start + columns * area), row * columns * area);
  }
  return { name, shape: wanted, data: part };
}

function misfit({ name, shape }: ParameterSpec, what: string): SinglePathError {
  return new SinglePathError(
    'INVALID_CHECKPOINT',
    `Expected tensor '${name}' of shape [${shape}] or larger but ${what}`,
    { hint: 'use the space, input size and classes it was trained with' },
  );
}

function sizeOf(shape: readonly number[]): number {
  return productOf(shape, 'a tensor');
}
