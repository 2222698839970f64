import type { Config } from '../config/schema/config.js';
import type { SinglePathError } from '../core/errors.js';
import { Script } from '../export/script.js';
import { loadWeights } from '../run/weights.js';
import { deriveSubnet } from '../space/subnet.js';
import type { Architecture } from '../space/types.js';
import type { ValidateResult } from '../supernet/supernet.js';
import { Disposables } from './disposables.js';
import { openImages } from './images.js';
import { createNetwork } from './network.js';
import { openSpace } from './openSpace.js';
import type { StoredRun } from './runs.js';
import { openScorer } from './scorer.js';

/** How good a network is; accuracies in [0, 1]. */
export interface Accuracy {
  accuracy: number;
  top5: number;
  /** Mean cross-entropy. */
  loss: number;
  /** Number of images, and which. */
  images: number;
  split: 'test' | 'held-out';
}

export interface EvaluateControl {
  signal?: AbortSignal | undefined;
  /** Told of a damaged checkpoint that was skipped. */
  onSkipped: (error: SinglePathError) => void;
}

/** A retrained network on the test images. */
export async function evaluateNetwork(
  config: Config,
  run: StoredRun,
  { signal, onSkipped }: EvaluateControl,
): Promise<Accuracy> {
  const space = deriveSubnet(openSpace(config.space), run.architecture ?? []);
  using stack = new Disposables();
  const test = stack.add(await openImages(config, space, 'test'));
  const batches = await test.batches({ batchSize: config.evaluate.batchSize, signal });
  stack.addAll(batches);
  const network = stack.add(createNetwork(space, config));
  await loadWeights(network, run.path, onSkipped);
  return accuracyOf(await network.validate(batches, [], signal));
}

/** An exported TorchScript file on the test images. */
export async function evaluateScript(
  config: Config,
  path: string,
  { signal }: Pick<EvaluateControl, 'signal'>,
): Promise<Accuracy> {
  const space = openSpace(config.space);
  using stack = new Disposables();
  const test = stack.add(await openImages(config, space, 'test'));
  const batches = await test.batches({ batchSize: config.evaluate.batchSize, signal });
  stack.addAll(batches);
  const script = stack.add(await Script.load(path));
  return accuracyOf(await script.validate(batches, signal));
}

/** A path of a supernet with inherited weights, as a search scores it: recalibrated, on the held-out images. */
export async function evaluatePath(
  config: Config,
  run: StoredRun,
  architecture: Architecture,
  { signal, onSkipped }: EvaluateControl,
): Promise<Accuracy> {
  const space = openSpace(config.space);
  using scorer = await openScorer(config, space, run, { signal, onSkipped });
  const [score] = await scorer.evaluate([architecture], signal ? { signal } : {});
  const { accuracy, top5 = Number.NaN, loss = Number.NaN } = score!;
  return { accuracy, top5, loss, images: scorer.images, split: 'held-out' };
}

function accuracyOf({ correct, top5, loss, images }: ValidateResult): Accuracy {
  return { accuracy: correct / images, top5: top5 / images, loss, images, split: 'test' };
}
