import { existsSync } from 'node:fs';
import { expected, SinglePathError } from '../../core/errors.js';

/** The first of several names a file of a data set may have. @throws SinglePathError `INVALID_DATASET`. */
export function firstExisting(candidates: string[]): string {
  const file = candidates.find((candidate) => existsSync(candidate));
  if (file === undefined) {
    throw new SinglePathError(
      'INVALID_DATASET',
      `Expected a data file at '${candidates[0]}' but there is none; also tried ${candidates.slice(1).join(', ')}`,
      {
        hint: 'where it has moved, say so: --set data.path=FOLDER; `singlepath doctor` lists the known places',
      },
    );
  }
  return file;
}

/** A path that JavaScript callers may have left out. */
export function requiredPath(kind: string, path: unknown): string {
  if (typeof path === 'string' && path !== '') return path;
  throw expected('the folder of the data set', `path of '${kind}'`, path);
}
