import { expected, SinglePathError } from '../../core/errors.js';
import { readWrittenText } from '../../core/text.js';
import { parseArchitecture } from '../../space/architecture.js';
import type { Architecture, SearchSpace } from '../../space/types.js';

/**
 * Reads architectures from JSON: a list of what {@link parseArchitecture} accepts (genes, or objects with `arch`, or
 * with `blocks` and `scale_ids`), or an object that holds such a list under the space's name.
 *
 * @throws SinglePathError `INVALID_ARGUMENT` naming the entry.
 */
export function readArchitectures(space: SearchSpace, path: string): Architecture[] {
  const entries = listOf(space, path, readJson(path));
  if (entries.length === 0) throw expected('at least one architecture', path, entries);
  return entries.map((entry, index) => {
    try {
      return parseArchitecture(space, entry);
    } catch (error) {
      if (!(error instanceof SinglePathError)) throw error;
      throw new SinglePathError(error.code, `${path}, entry ${index}: ${error.message}`, {
        hint: error.hint,
      });
    }
  });
}

/** The error for a supernet without the path to `purpose`. */
export function missingArch(target: string, purpose: string): SinglePathError {
  return new SinglePathError('INVALID_ARGUMENT', `Expected --arch GENES for the supernet in '${target}'`, {
    hint: `the path to ${purpose}: genes with commas between`,
  });
}

/** @throws SinglePathError `INVALID_ARGUMENT` where the file cannot be read or is not JSON. */
export function readJson(path: string): unknown {
  try {
    return JSON.parse(readWrittenText(path)) as unknown;
  } catch (error) {
    const cause = error instanceof SinglePathError && error.code === 'IO' ? error.cause : error;
    throw new SinglePathError('INVALID_ARGUMENT', `Expected a readable JSON file at '${path}'`, {
      hint: (cause as Error).message,
      cause,
    });
  }
}

function listOf(space: SearchSpace, path: string, content: unknown): unknown[] {
  if (Array.isArray(content)) return content;
  const isObject = typeof content === 'object' && content !== null;
  const list = isObject ? (content as Record<string, unknown>)[space.name] : undefined;
  if (Array.isArray(list)) return list;
  const got = isObject ? `an object with ${Object.keys(content).join(', ')}` : content;
  throw expected('a list of architectures', path, got, {
    hint: `an object must have a list under '${space.name}'`,
  });
}
