import { resolve } from 'node:path';
import type { DataConfig } from '../../config/schema/data.js';
import { datasets } from '../../data/kinds/index.js';

/**
 * Where the images of a section lie, as it is from every folder; null where their kind has known places on the machine.
 *
 * @throws SinglePathError `INVALID_CONFIG` where nothing is named and nothing found.
 */
export function imagePlaces(data: DataConfig): Pick<DataConfig, 'path' | 'testPath'> {
  // Without a path a folder of images is looked for in the working folder.
  const { path } = data.kind === 'image-folder' ? datasets[data.kind].fromConfig(data) : data;
  const absolute = (place: string | null) => (place === null ? null : resolve(place));
  return { path: absolute(path), testPath: absolute(data.testPath) };
}
