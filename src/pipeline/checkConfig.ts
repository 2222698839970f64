import { configArgument } from '../config/load.js';
import type { Config } from '../config/schema/config.js';
import { SinglePathError } from '../core/errors.js';
import { datasetDefinition } from '../data/kinds/index.js';
import { presetNormalization } from '../data/normalize.js';
import { opsetOf } from '../export/onnx.js';
import type { SearchSpace } from '../space/types.js';
import { checkFit, datasetConfig } from './images/images.js';
import { checkCalibration } from './search/calibrate.js';
import { checkFinalists } from './search/finalists.js';
import { objectiveTables } from './search/searchAlgorithm.js';
import { openSpace, samplerOf } from './setup/fromConfig.js';
import { searchedArchitectures } from './setup/legalArchitectures.js';

/**
 * Finds out, without loading the addon or reading an image, whether a configuration can run: its space exists, its
 * constraints can be met, leave as many networks as are to be trained, its sampler and its objectives make sense, its export can
 * be written, and its images are such as the space takes.
 *
 * @returns the error that says which files of the data set are not on this machine; undefined where all are.
 * @throws SinglePathError where it can never run, as the run itself would throw it.
 */
export function checkConfig(given: Config): SinglePathError | undefined {
  const config = configArgument('checkConfig()', given);
  const { search, latency } = config;
  const space = openSpace(config.space);
  const feasible = searchedArchitectures(space, config);
  checkFinalists(space, search.finalists, feasible);
  samplerOf(space, config);
  checkCalibration(space, feasible, config);
  if (config.export.onnx) opsetOf({ opset: config.export.opset, weights: config.export.onnxWeights });
  if (search.algorithm === 'nsga2') objectiveTables(space, search.objectives, latency);
  return checkImages(config, space);
}

function checkImages({ data }: Config, space: SearchSpace): SinglePathError | undefined {
  const options = datasetConfig(data, space);
  const definition = datasetDefinition(data.kind);
  const shape = definition.shape?.(options);
  if (shape !== undefined) checkFit(space, data.kind, shape, definition.classes?.(options) ?? 1);
  const { normalize, trainImages, heldOut, heldOutPerClass } = data;
  if (typeof normalize === 'string' && normalize !== 'auto') {
    presetNormalization(normalize, space.input.channels, data.channelOrder === 'bgr');
  }
  if (heldOutPerClass === null && trainImages !== null && heldOut >= trainImages) {
    throw new SinglePathError(
      'INVALID_CONFIG',
      `Expected data.heldOut below data.trainImages (${trainImages}) but received ${heldOut}`,
      { hint: 'the images that are held out are taken from the training images' },
    );
  }
  try {
    for (const split of ['train', 'test'] as const) definition.source(options, split);
    return undefined;
  } catch (error) {
    if (error instanceof SinglePathError && error.code === 'INVALID_DATASET') return error;
    throw error;
  }
}
