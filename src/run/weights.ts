import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkArguments } from '../core/check.js';
import { SinglePathError } from '../core/errors.js';
import { ioError } from '../core/files.js';
import type { TensorEntry } from '../runtime/native.js';
import { spaceHash } from '../space/hash.js';
import type { SearchSpace } from '../space/types.js';
import { Checkpoints, readCheckpoint } from './checkpoints.js';
import { fromStateDict } from './foreignWeights.js';
import { holdsRun, readHeader } from './header.js';
import { decodeSafetensors } from './safetensors.js';

const OPTIMIZER = 'optimizer.';

export interface LoadedWeights {
  /** The checkpoint folder or file they came from. */
  path: string;
  /** SHA-256 of the weights, as the keys of evaluation caches have it. */
  hash: string;
}

/** What weights are loaded into: a Supernet. */
export interface WeightsTarget {
  readonly space: SearchSpace;
  state(): Promise<TensorEntry[]>;
  load(entries: TensorEntry[]): Promise<void>;
}

/**
 * Loads trained weights, without the optimizer's state, from a run directory (its newest valid checkpoint), a
 * checkpoint folder, or a safetensors file.
 *
 * A safetensors file may be a state_dict as PyTorch saves it: in half precision, with `num_batches_tracked`, under the prefixes of
 * DistributedDataParallel and torch.compile.
 *
 * @param onSkipped told of newer checkpoints that are damaged.
 * @param onNote told what of a file was ignored.
 * @throws SinglePathError `INVALID_CHECKPOINT` when they are damaged or of another space, `IO`.
 */
export async function loadWeights(
  network: WeightsTarget,
  path: string,
  onSkipped: (error: SinglePathError) => void,
  onNote: (text: string) => void = () => {},
): Promise<LoadedWeights> {
  checkArguments('loadWeights()', { network, path });
  checkArguments('loadWeights()', { space: network.space });
  const found = await readWeights(path, onSkipped, network.space);
  const own = await network.state();
  const tensors = ownNames(own, found, onNote);
  checkTensors(own, tensors, found.path);
  await network.load(tensors);
  return { path: found.path, hash: found.hash };
}

/**
 * Loads weights of the same network for another number of classes: what depends on the classes keeps its fresh values.
 *
 * @returns the names of the tensors that stay fresh; none where the number of classes is the same.
 * @throws SinglePathError `INVALID_CHECKPOINT` where anything else differs.
 */
export async function loadWithNewHead(
  network: WeightsTarget,
  found: FoundWeights,
  onNote: (text: string) => void = () => {},
): Promise<string[]> {
  const own = withoutOptimizer(await network.state());
  const tensors = ownNames(own, found, onNote);
  const shapes = new Map(own.map(({ name, shape }) => [name, shape]));
  const head = tensors.filter(({ name, shape }) => isHead(shapes.get(name), shape, network.space.classes));
  // All of one number of classes, whole layers: anything else is no head.
  const classes = new Set(head.map(({ shape }) => shape[0]));
  const names = new Set(head.map(({ name }) => name));
  const layers = new Set([...names].map(layerOf));
  const whole = own.every(({ name }) => !layers.has(layerOf(name)) || names.has(name));
  const fresh = classes.size === 1 && whole ? names : new Set<string>();
  const merged = tensors.map((tensor) =>
    fresh.has(tensor.name) ? own.find(({ name }) => name === tensor.name)! : tensor,
  );
  checkTensors(own, merged, found.path);
  await network.load(merged);
  return [...fresh];
}

/** `head.1` of `head.1.weight`. */
function layerOf(name: string): string {
  return name.replace(/\.[^.]*$/, '');
}

/** Whether two shapes differ in their first number alone, which is that of the classes. */
function isHead(own: readonly number[] | undefined, found: readonly number[], classes: number): boolean {
  if (own === undefined || own.length !== found.length || own[0] !== classes || found[0] === classes)
    return false;
  return own.every((size, axis) => axis === 0 || size === found[axis]);
}

/** The tensors under our names, without the optimizer's momenta. */
function ownNames(
  own: readonly TensorEntry[],
  found: FoundWeights,
  onNote: (text: string) => void,
): TensorEntry[] {
  const names = new Set(own.map(({ name }) => name));
  const { tensors, notes } = fromStateDict(withoutOptimizer(found.tensors), names);
  for (const note of notes) onNote(`'${found.path}': ignored ${note}`);
  return tensors;
}

/** Weights as they lie in a file or a checkpoint. */
export interface FoundWeights extends LoadedWeights {
  tensors: TensorEntry[];
}

/**
 * Reads the weights of a run directory (its newest valid checkpoint), a checkpoint folder or a safetensors file.
 *
 * @param space that they have to be of; absent for those of any.
 * @throws SinglePathError `INVALID_CHECKPOINT` when they are damaged or of another space, `IO`.
 */
export async function readWeights(
  path: string,
  onSkipped: (error: SinglePathError) => void,
  space?: SearchSpace,
): Promise<FoundWeights> {
  if (!existsSync(path)) {
    throw new SinglePathError('IO', `Expected a run directory or weights in '${path}' but there is nothing`);
  }
  if (!statSync(path).isDirectory()) {
    const bytes = await readFile(path).catch((error: unknown) => {
      throw ioError('read', path, error);
    });
    const hash = createHash('sha256').update(bytes).digest('hex');
    return { path, tensors: decodeSafetensors(bytes, path).tensors, hash };
  }
  const network =
    space === undefined ? ownIdentity(path) : { spaceHash: spaceHash(space), spaceName: space.name };
  const checkpoint = existsSync(join(path, 'state.json'))
    ? readCheckpoint(path, network)
    : network && new Checkpoints(join(path, 'checkpoints'), network, {}, 1).newest(onSkipped);
  if (checkpoint?.weights == null) {
    throw new SinglePathError(
      'INVALID_CHECKPOINT',
      `Expected a checkpoint with weights in '${path}' but there is none`,
      { hint: noWeightsHint(path) },
    );
  }
  return { path: checkpoint.path, tensors: checkpoint.tensors, hash: checkpoint.weights.sha256 };
}

function noWeightsHint(path: string): string {
  const kind = holdsRun(path) ? readHeader(path).kind : undefined;
  return kind === 'train' || kind === 'retrain'
    ? `that run has not saved one yet: wait for its first checkpoint (${kind}.checkpointEvery), or go on with it by --resume`
    : 'name the run directory of `singlepath train` or `singlepath retrain`';
}

/** Whose weights a run directory has, as it says itself; a checkpoint folder says it in its own state. */
function ownIdentity(path: string): { spaceHash: string; spaceName: string } | undefined {
  if (!holdsRun(path)) return undefined;
  const { spaceHash: hash, spaceName } = readHeader(path);
  return { spaceHash: hash, spaceName };
}

/** Without the optimizer's momenta. */
function withoutOptimizer(tensors: readonly TensorEntry[]): TensorEntry[] {
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
