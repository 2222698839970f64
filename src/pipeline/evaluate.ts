import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { configArgument } from '../config/load.js';
import type { Config } from '../config/schema/config.js';
import { type ConfigSource, objectSource } from '../config/sources.js';
import { checkArguments } from '../core/check.js';
import { expected, SinglePathError } from '../core/errors.js';
import { type Confusion, countConfusion } from '../evaluate/confusion.js';
import { predictions } from '../evaluate/predictions.js';
import {
  ARCHITECTURE_FILE,
  type ArchitectureFile,
  isExported,
  readArchitectureFile,
} from '../export/architectureFile.js';
import { OnnxNetwork } from '../export/onnxNetwork.js';
import { Script } from '../export/script.js';
import { readImageRecord } from '../run/images.js';
import { loadWeights } from '../run/weights.js';
import type { NativeBatch } from '../runtime/native.js';
import { deriveSubnet } from '../space/subnet.js';
import type { Architecture } from '../space/types.js';
import { accuraciesOf, type ValidateResult } from '../supernet/supernet.js';
import { FixedImages, type ImageSpace, openImages } from './images/images.js';
import { checkSameClasses, normalizedAs, withNormalization } from './runs/imageRecord.js';
import type { StoredRun } from './runs/runs.js';
import { openScorer } from './search/openScorer.js';
import { Disposables } from './setup/disposables.js';
import { createNetwork, openSpace, useThreads } from './setup/fromConfig.js';

/** How good a network is. Accuracies are in [0, 1]. */
export interface Accuracy {
  accuracy: number;
  top5: number;
  /** Mean cross-entropy. */
  loss: number;
  /** Number of images, and which. */
  images: number;
  split: 'test' | 'held-out';
  /** What each class is taken for, where it was asked for. */
  confusion?: Confusion;
}

export interface EvaluateControl {
  signal?: AbortSignal | undefined;
  /** Count what each class is taken for, too; for retrained networks and exported files. */
  confusion?: boolean | undefined;
  /** Receives the error of each damaged checkpoint that is skipped. */
  onSkipped: (error: SinglePathError) => void;
  /** Told what of a weights file was ignored. */
  onNote?: ((text: string) => void) | undefined;
}

/** Evaluates a retrained network on the test images. */
export async function evaluateNetwork(
  given: Config,
  run: StoredRun,
  control: EvaluateControl,
): Promise<Accuracy> {
  const config = configArgument('evaluateNetwork()', given);
  checkArguments('evaluateNetwork()', { run });
  return evaluateWeights(config, run.path, run.architecture ?? [], control);
}

/**
 * Evaluates the network of an architecture on the test images, with weights from a run directory, a checkpoint folder
 * or a safetensors file such as a state_dict of PyTorch.
 */
export async function evaluateWeights(
  given: Config,
  weights: string,
  architecture: Architecture,
  control: EvaluateControl,
): Promise<Accuracy> {
  const config = configArgument('evaluateWeights()', given);
  checkArguments('evaluateWeights()', { path: weights, architecture, control });
  using stack = new Disposables();
  const { network, batches, classNames, forward } = await openTest(
    stack,
    config,
    weights,
    architecture,
    control,
  );
  const accuracy = testAccuracy(await network.validate(batches, [], control.signal));
  if (!control.confusion) return accuracy;
  return { ...accuracy, confusion: await countConfusion(forward, batches, classNames) };
}

/** A network with its weights, and the test images; all of them are the stack's. */
async function openTest(
  stack: Disposables,
  config: Config,
  weights: string,
  architecture: Architecture,
  { signal, onSkipped, onNote }: EvaluateControl,
) {
  const space = deriveSubnet(openSpace(config.space), architecture);
  const test = stack.add(await openImages(withNormalization(config, weights), space, 'test'));
  checkSameClasses(readImageRecord(weights)?.classes, test, weights);
  const batches = await new FixedImages(config, signal).batches(test);
  stack.addAll(batches);
  const network = stack.add(createNetwork(space, config));
  await loadWeights(network, weights, onSkipped, onNote);
  const forward = (batch: NativeBatch) => network.forward(batch, []);
  return { network, batches, classNames: test.classNames, forward };
}

/** Which test images a retrained network gets right: 1 or 0 an image, in the order of the data set. */
export async function networkHits(
  config: Config,
  run: StoredRun,
  control: EvaluateControl,
): Promise<Uint8Array> {
  using stack = new Disposables();
  const { batches, forward } = await openTest(stack, config, run.path, run.architecture ?? [], control);
  const hits: number[] = [];
  for await (const { label, predicted } of predictions(forward, batches)) {
    hits.push(label === predicted ? 1 : 0);
  }
  return Uint8Array.from(hits);
}

/**
 * Evaluates an exported TorchScript or ONNX file on the test images. A TorchScript file is a program: it runs with the rights of
 * this process.
 *
 * @param control `onForeign` is told before it runs, where it is not the file an export wrote beside its `architecture.json`.
 * @throws SinglePathError `INVALID_ARGUMENT` where neither the configuration nor the file's export says what images it
 *   takes or they differ, and for a device or threads that an ONNX file cannot have.
 */
export async function evaluateExported(
  given: Config,
  path: string,
  control: Pick<EvaluateControl, 'signal' | 'confusion'> & { onForeign?: (() => void) | undefined },
): Promise<Accuracy> {
  const config = configArgument('evaluateExported()', given);
  checkArguments('evaluateExported()', { path, control });
  const { signal, confusion, onForeign } = control;
  using stack = new Disposables();
  const network = stack.add(await openExported(path, config.runtime, onForeign));
  const exported = readArchitectureFile(path);
  const images = normalizedAs(config, exported?.input);
  const test = stack.add(await openImages(images, exportedSpace(config, path, exported), 'test'));
  checkSameClasses(exported?.classNames, test, path);
  const batches = await new FixedImages(config, signal).batches(test);
  stack.addAll(batches);
  const accuracy = testAccuracy(await network.validate(batches, signal));
  if (!confusion) return accuracy;
  const forward = (batch: NativeBatch) => network.forward(batch);
  return { ...accuracy, confusion: await countConfusion(forward, batches, test.classNames) };
}

/** Loads an exported file into what runs it, which decides kernels and precision itself. */
async function openExported(
  path: string,
  { device, threads }: Config['runtime'],
  onForeign: (() => void) | undefined,
): Promise<OnnxNetwork | Script> {
  if (path.endsWith('.onnx')) {
    if (device === 'cpu') return await OnnxNetwork.load(path, threads);
    throw expected('cpu, on which ONNX files run,', 'runtime.device', device, {
      hint: 'evaluate the TorchScript file of the same export there, or --set runtime.device=cpu',
    });
  }
  if (existsSync(path) && !isExported(path)) onForeign?.();
  useThreads(threads);
  return await Script.load(path, device);
}

/** What the export of a file says about its test images, as sources for a configuration to build on. */
export function exportedSources(path: string): ConfigSource[] {
  checkArguments('exportedSources()', { path });
  const { data, input } = readArchitectureFile(path) ?? {};
  if (data === undefined) return [];
  const { mean, std, channelOrder } = input!;
  const value = { data: { ...data, channelOrder, normalize: { mean, std } } };
  return [objectSource(value, join(dirname(path), ARCHITECTURE_FILE))];
}

/**
 * The images an exported file takes: those of its export, else of the space the configuration names.
 *
 * @throws SinglePathError `INVALID_ARGUMENT` where the configuration asks for others.
 */
function exportedSpace(config: Config, path: string, exported: ArchitectureFile | undefined): ImageSpace {
  const named = config.space.name !== null || config.space.file !== null;
  if (!named && exported?.data === undefined) {
    throw new SinglePathError(
      'INVALID_ARGUMENT',
      `Expected ${ARCHITECTURE_FILE} of singlepath export beside '${path}', with the data it was evaluated on`,
      { hint: 'pass -c CONFIG with the space and the data' },
    );
  }
  if (exported === undefined) return openSpace(config.space);
  const { input, classes } = exported;
  const own = { ...input, classes };
  const space = named ? openSpace(config.space) : undefined;
  const asked = space === undefined ? config.space : { ...space.input, classes: space.classes };
  for (const setting of ['size', 'channels', 'classes'] as const) {
    const wanted = asked[setting];
    if (wanted !== null && wanted !== own[setting])
      throw expected(String(own[setting]), `space.${setting} of the network in '${path}'`, wanted);
  }
  return { name: exported.space.name, input, classes };
}

/** Evaluates a path of a supernet as a search scores it: with inherited weights, recalibrated, on the held-out images. */
export async function evaluatePath(
  given: Config,
  run: StoredRun,
  architecture: Architecture,
  control: EvaluateControl,
): Promise<Accuracy> {
  const config = configArgument('evaluatePath()', given);
  checkArguments('evaluatePath()', { run, architecture, control });
  const { signal, confusion, onSkipped } = control;
  if (confusion) {
    throw new SinglePathError(
      'INVALID_ARGUMENT',
      'Expected a retrained network or an exported file for --confusion but received a supernet',
      { hint: 'export the path with `singlepath export --arch`, and evaluate the file' },
    );
  }
  const space = openSpace(config.space);
  await using scorer = await openScorer(config, space, run, { signal, onSkipped });
  const [score] = await scorer.evaluate([architecture], signal ? { signal } : {});
  const { accuracy, top5 = Number.NaN, loss = Number.NaN } = score!;
  return { accuracy, top5, loss, images: scorer.images, split: 'held-out' };
}

function testAccuracy(result: ValidateResult): Accuracy {
  return { ...accuraciesOf(result), images: result.images, split: 'test' };
}
