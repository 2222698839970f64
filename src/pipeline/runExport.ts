import { join } from 'node:path';
import { configArgument } from '../config/load.js';
import type { Config } from '../config/schema/config.js';
import { checkArguments } from '../core/check.js';
import { SinglePathError } from '../core/errors.js';
import { type ExportResult, exportSubnet } from '../export/exportSubnet.js';
import { readImageRecord } from '../run/images.js';
import { loadWeights } from '../run/weights.js';
import { deriveSubnet } from '../space/subnet.js';
import type { Architecture } from '../space/types.js';
import { imagePlaces } from './images/imagePlaces.js';
import { FixedImages, openImages, openTrainingImages } from './images/images.js';
import { checkSameClasses, withNormalization } from './runs/imageRecord.js';
import { checkOwnArchitecture, type StoredRun } from './runs/runs.js';
import { Disposables } from './setup/disposables.js';
import { createNetwork, openSpace } from './setup/fromConfig.js';

export type { ExportResult } from '../export/exportSubnet.js';

export interface ExportControl {
  /** Where the files go; default the configuration's, or `export/` in the run directory. */
  directory?: string | undefined;
  /** For the run directory of a supernet: the path to export, with inherited weights. */
  architecture?: Architecture | undefined;
  /** Also write programs that load the network. */
  examples?: boolean | undefined;
  signal?: AbortSignal | undefined;
  /** Told of example programs in the folder that do not follow the network. */
  onNotice?: ((message: string) => void) | undefined;
  /** Receives the error of each damaged checkpoint that is skipped. */
  onSkipped: (error: SinglePathError) => void;
}

/**
 * Exports a retrained network, or a path of a supernet with inherited weights and recalibrated BatchNorm, after a
 * parity check on test images.
 *
 * @throws SinglePathError what exportSubnet throws.
 */
export async function runExport(
  given: Config,
  run: StoredRun,
  control: ExportControl,
): Promise<ExportResult> {
  checkArguments('runExport()', { run, control });
  const config = withNormalization(configArgument('runExport()', given), run.path);
  const { directory, architecture: chosen, examples = false, signal, onSkipped, onNotice } = control;
  const space = openSpace(config.space);
  if (run.kind !== 'train') checkOwnArchitecture(run, chosen);
  const architecture = run.kind === 'train' ? chosen : (run.architecture ?? []);
  if (architecture === undefined) {
    throw new SinglePathError(
      'INVALID_ARGUMENT',
      `Expected an architecture of the supernet in '${run.path}'`,
    );
  }
  using stack = new Disposables();
  const test = stack.add(await openImages(config, space, 'test'));
  checkSameClasses(readImageRecord(run.path)?.classes, test, run.path);
  const count = Math.min(config.export.parityImages, test.size);
  const [parityBatch] = await test.batches({ batchSize: count, count, signal });
  stack.addAll([parityBatch!]);
  // The reference: op by op on the CPU. Other kernels round otherwise, and quantized features amplify that.
  const runtime = { ...config.runtime, device: 'cpu', kernels: 'aten', precision: 'fp32' } as const;
  const source = run.kind === 'train' ? space : deriveSubnet(space, architecture);
  const network = stack.add(createNetwork(source, { ...config, runtime }));
  await loadWeights(network, run.path, onSkipped);
  if (run.kind === 'train') {
    const images = stack.add(await openTrainingImages(config, space));
    const { calibrationImages } = config.evaluate;
    const calibration = await new FixedImages(config, signal).batches(images.train, calibrationImages);
    stack.addAll(calibration);
    await network.recalibrate(calibration, architecture, signal);
  }
  const { kind, testFraction, testImages, resize, upright, channelOrder } = config.data;
  return await exportSubnet({
    space,
    architecture,
    network,
    directory: directory ?? config.export.directory ?? join(run.path, 'export'),
    parityBatch: parityBatch!,
    tolerance: config.export.tolerance,
    examples,
    onNotice,
    onnx: config.export.onnx && {
      opset: config.export.opset ?? undefined,
      weights: config.export.onnxWeights,
    },
    input: { ...test.normalization, channelOrder },
    data: { kind, ...imagePlaces(config.data), testFraction, testImages, resize, upright },
    classNames: test.classNames,
  });
}
