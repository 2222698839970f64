import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { SinglePathError } from '../core/errors.js';
import { loadWeights, type WeightsTarget } from '../run/weights.js';
import type { Recipe } from '../train/recipe.js';
import { type RunControl, readStart } from './runs.js';

/** Weights a training begins with instead of random ones. */
export interface Start {
  /** SHA-256 of the weights. */
  hash: string;
  /** Where they came from: a run directory, a checkpoint folder, a safetensors file. */
  path: string;
}

export interface WarmStartControl extends RunControl {
  /** Begin with the weights of another run, a checkpoint or a safetensors file of the same network. */
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
): Promise<Start | undefined> {
  const { runDir, resume, from, onSkipped = () => {}, onWarmStart } = control;
  const stored = resume ? readStart(runDir) : undefined;
  if (stored !== undefined && hasCheckpoint(runDir)) return stored;
  const path = from ?? stored?.path;
  if (path === undefined) return undefined;
  const { hash } = await loadWeights(network, path, onSkipped);
  onWarmStart?.({ hash, path }, recipe);
  return { hash, path };
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
