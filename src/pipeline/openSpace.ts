import { missingSpace } from '../config/load.js';
import type { SpaceConfig } from '../config/schema/space.js';
import { loadSpace } from '../space/file/load.js';
import { getSpace } from '../space/spaces/catalog.js';
import type { SearchSpace } from '../space/types.js';

/**
 * The search space a configuration names, at the size it asks for.
 *
 * @throws SinglePathError `INVALID_CONFIG` (none is named), and what getSpace and loadSpace throw.
 */
export function openSpace({ name, file, size, classes, channels, options }: SpaceConfig): SearchSpace {
  const dimensions = {
    ...options,
    ...(size !== null && { size }),
    ...(classes !== null && { classes }),
    ...(channels !== null && { channels }),
  };
  if (file !== null) return loadSpace(file, dimensions);
  if (name === null) throw missingSpace();
  return getSpace(name, dimensions);
}
