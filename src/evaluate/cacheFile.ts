import { existsSync } from 'node:fs';
import { checkArguments } from '../core/check.js';
import { SinglePathError } from '../core/errors.js';
import { readText } from '../core/files.js';
import { AppendFile } from '../run/appendFile.js';
import { EvaluationCache, type EvaluationKey } from '../search/cache.js';
import { hashOf } from '../space/hash.js';

/** An evaluation cache that lives in a file of JSON lines, for instance `evaluations.jsonl` of a run directory. */
export interface EvaluationCacheFile extends Disposable {
  readonly cache: EvaluationCache;
}

/**
 * Opens or creates the file. Each score is appended as soon as it is known; a supernet that may only be read is fine
 * too. Searches that run at the same time may share a file; each sees what was there when it opened it.
 *
 * @param onSkipped told of lines that are no entries; their scores are measured again.
 * @throws SinglePathError `IO`.
 */
export function openEvaluationCache(
  path: string,
  onSkipped: (error: SinglePathError) => void = () => {},
): EvaluationCacheFile {
  const file = openToAppend(path);
  try {
    file?.dropTornLine();
    const cache = new EvaluationCache((line) => file?.append(Buffer.from(`${line}\n`)));
    const damaged = existsSync(path) ? cache.load(readText(path)) : [];
    if (damaged.length > 0) onSkipped(damagedLines(path, damaged));
    return { cache, [Symbol.dispose]: () => file?.[Symbol.dispose]() };
  } catch (error) {
    file?.[Symbol.dispose]();
    throw error;
  }
}

/** Undefined where nothing may be written: scores are then kept in memory alone. */
function openToAppend(path: string): AppendFile | undefined {
  try {
    return new AppendFile(path);
  } catch (error) {
    const code = ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code;
    if (code === 'EROFS' || code === 'EACCES') return undefined;
    throw error;
  }
}

/**
 * What scores are filed under.
 *
 * @param weights hash of the supernet's weights.
 * @param setup everything else a score depends on, as plain data: data set, images, batch size, precision, kernels.
 * @param machine what computes: versions and instruction set. Scores whose key has none serve all.
 */
export function evaluationKey(weights: string, setup: unknown, machine?: string): EvaluationKey {
  checkArguments('evaluationKey()', { text: weights, settings: setup });
  return { supernet: weights, setup: hashOf(setup), ...(machine !== undefined && { machine }) };
}

function damagedLines(path: string, lines: readonly number[]): SinglePathError {
  const shown = lines.slice(0, 5).join(', ') + (lines.length > 5 ? ', …' : '');
  const which = lines.length === 1 ? `line ${shown}` : `${lines.length} lines (${shown})`;
  return new SinglePathError('INVALID_CHECKPOINT', `Expected scores in '${path}' but ${which} are damaged`, {
    hint: 'their candidates are scored again; delete the lines to be rid of this warning',
  });
}
