import { readFileSync } from 'node:fs';
import { ioError } from '../core/files.js';
import { AppendFile } from '../run/appendFile.js';
import { hashOf } from '../run/hash.js';
import { EvaluationCache, type EvaluationKey } from '../search/cache.js';

/** An evaluation cache that lives in a file of JSON lines, for instance `evaluations.jsonl` of a run directory. */
export interface EvaluationCacheFile extends Disposable {
  readonly cache: EvaluationCache;
}

/**
 * Opens or creates the file. Each score is appended as soon as it is known. Searches that run at the same time may
 * share a file; each sees what was there when it opened it.
 *
 * @throws SinglePathError `IO`, or `INVALID_ARGUMENT` with the line that is no entry.
 */
export function openEvaluationCache(path: string): EvaluationCacheFile {
  const file = new AppendFile(path);
  try {
    file.dropTornLine();
    const cache = new EvaluationCache((line) => file.append(Buffer.from(`${line}\n`)));
    cache.load(read(path));
    return { cache, [Symbol.dispose]: () => file[Symbol.dispose]() };
  } catch (error) {
    file[Symbol.dispose]();
    throw error;
  }
}

/**
 * What scores are filed under.
 *
 * @param weights hash of the supernet's weights.
 * @param setup everything else a score depends on, as plain data: data set, images, batch size, precision, kernels.
 */
export function evaluationKey(weights: string, setup: unknown): EvaluationKey {
  return { supernet: weights, setup: hashOf(setup) };
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw ioError('read', path, error);
  }
}
