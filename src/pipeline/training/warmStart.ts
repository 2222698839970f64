import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SinglePathError } from '../../core/errors.js';
import { inheritWeights } from '../../export/inherit.js';
import { holdsRun, type RunHeader, readHeader } from '../../run/header.js';
import { type FoundWeights, loadWithNewHead, readWeights, type WeightsTarget } from '../../run/weights.js';
import { checkArchitecture } from '../../space/architecture.js';
import { spaceHash } from '../../space/hash.js';
import { deriveSubnet } from '../../space/subnet.js';
import type { Architecture, SearchSpace } from '../../space/types.js';
import type { Recipe } from '../../train/recipe.js';
import { type RunControl, readRun, readStart } from '../runs/runs.js';
import { openSpace } from '../setup/fromConfig.js';

/** Weights a training begins with instead of random ones. */
export interface Start {
  /** SHA-256 of the weights. */
  hash: string;
  /** Where they came from: a run directory, a checkpoint folder, a safetensors file. */
  path: string;
  /** Tensors that are new, as there is another number of classes. */
  fresh?: string[];
  /** True where they are those of the architecture's path in a supernet. */
  inherited?: boolean;
}

export interface WarmStartControl extends RunControl {
  /**
   * Begin with the weights of another run, a checkpoint or a safetensors file of the same network, also for another number of
   * classes; a network may begin with its path of a supernet.
   */
  from?: string | undefined;
  /** Told of a damaged checkpoint that was skipped. */
  onSkipped?: ((error: SinglePathError) => void) | undefined;
  /** Told what the training begins with. */
  onWarmStart?: ((start: Start, recipe: Recipe) => void) | undefined;
}

/**
 * Loads the weights that a training is to begin with; a resumed one that has a checkpoint has them already. Momenta
 * are not taken over: the optimizer and the learning rate's schedule begin anew.
 *
 * @returns undefined for a training from random weights.
 * @throws SinglePathError what loadWeights throws.
 */
export async function warmStart(
  network: WeightsTarget,
  recipe: Recipe,
  control: WarmStartControl,
  architecture?: Architecture,
): Promise<Start | undefined> {
  const { runDir, resume, from, onSkipped = () => {}, onWarmStart } = control;
  const stored = resume ? readStart(runDir) : undefined;
  if (stored !== undefined && hasCheckpoint(runDir)) {
    if (from !== undefined) await checkSameStart(runDir, stored, from, onSkipped);
    return stored;
  }
  const path = from ?? stored?.path;
  if (path === undefined) return undefined;
  const header = holdsRun(path) ? readHeader(path) : undefined;
  const inherited =
    header?.kind === 'train' && architecture !== undefined && network.space.genes.length === 0;
  const found = inherited
    ? await fromSupernet(path, architecture, onSkipped)
    : await readWeights(path, onSkipped, comparable(network.space, path, header, architecture));
  const fresh = await loadWithNewHead(network, found);
  const { hash } = found;
  onWarmStart?.({ hash, path, ...(fresh.length > 0 && { fresh }), ...(inherited && { inherited }) }, recipe);
  return { hash, path };
}

/**
 * A run that goes on has long begun. It may be told again what with: the same place, whose run may have trained on since, or the
 * same weights at another one.
 */
async function checkSameStart(
  runDir: string,
  stored: Start,
  from: string,
  onSkipped: (error: SinglePathError) => void,
): Promise<void> {
  if (resolve(from) === stored.path) return;
  const { hash } = await readWeights(from, onSkipped);
  if (hash === stored.hash) return;
  const short = (text: string) => text.slice(0, 12);
  throw new SinglePathError(
    'INVALID_CONFIG',
    `Expected the weights that the run in '${runDir}' began with, those of '${stored.path}' (${short(stored.hash)}), but received those of '${from}' (${short(hash)})`,
    { hint: 'go on without --from, or choose another run directory' },
  );
}

/** The weights that an architecture inherits from a supernet. */
async function fromSupernet(
  path: string,
  architecture: Architecture,
  onSkipped: (error: SinglePathError) => void,
): Promise<FoundWeights> {
  const space = openSpace(readRun(path, 'train').config.space);
  const found = await readWeights(path, onSkipped, space);
  checkArchitecture(space, architecture);
  return { ...found, tensors: inheritWeights(space, architecture, found.tensors) };
}

/**
 * The space that the weights of a run have to be of: that of the network, or where the run is of the same one with another
 * number of classes, any that has its shapes.
 */
function comparable(
  space: SearchSpace,
  path: string,
  header: RunHeader | undefined,
  architecture: Architecture | undefined,
): SearchSpace | undefined {
  if (header === undefined) return undefined; // a file says nothing but names and shapes
  if (header.spaceHash === spaceHash(space)) return space;
  const { config, architecture: stored } = readRun(path, header.kind);
  const other = openSpace({ ...config.space, classes: space.classes });
  const same = architecture === undefined ? other : deriveSubnet(other, stored ?? architecture);
  return spaceHash(same) === spaceHash(space) ? undefined : space;
}

/** `linear from 0.1 to 0 over 2000 steps`: what a learning rate does over a training. */
export function describeSchedule({ schedule, learningRate, steps, warmupSteps }: Recipe): string {
  const warmup = warmupSteps > 0 ? `${warmupSteps} steps of warm-up, then ` : '';
  if (schedule === 'constant') return `${warmup}${learningRate} for ${steps - warmupSteps} steps`;
  return `${warmup}${schedule} from ${learningRate} to 0 over ${steps - warmupSteps} steps`;
}

function hasCheckpoint(runDir: string): boolean {
  const folder = join(runDir, 'checkpoints');
  return existsSync(folder) && readdirSync(folder).some((name) => name.startsWith('step-'));
}
