import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { SinglePathError } from '../../core/errors.js';
import { holdsRun, type RunHeader, readHeader } from '../../run/header.js';
import { sourcePath } from '../../run/sources.js';

/** A run directory a report is about. */
export interface FoundRun {
  path: string;
  /** For people: relative to the folder that was named. */
  name: string;
  header: RunHeader;
}

/**
 * The runs in folders: each folder is a run directory, or holds some (as `singlepath run` and `demo` write them). What they build on
 * is found too: the search of a network, the supernet of a search or of the weights a network began with. Another run whose weights
 * one began with is not part of its story.
 *
 * @throws SinglePathError `INVALID_ARGUMENT` where a folder has no run, `INVALID_CHECKPOINT` for a damaged header or one
 * of another version.
 */
export function findRuns(folders: readonly string[]): FoundRun[] {
  const found = new Map<string, FoundRun>();
  const add = (path: string, name: string): void => {
    const key = realpathSync(path); // links lead to a run by several names
    if (found.has(key)) return;
    const header = readHeader(path);
    found.set(key, { path, name, header });
    const { search, supernet, from } = header.sources ?? {};
    const places = [search, supernet].flatMap((source) =>
      source === undefined ? [] : [sourcePath(path, source)],
    );
    const start = from === undefined ? undefined : sourcePath(path, from);
    if (start !== undefined && holdsRun(start) && inherits(header, readHeader(start))) places.push(start);
    for (const place of places) if (holdsRun(place)) add(place, nameOf(place, folders));
  };
  for (const folder of folders) for (const path of runsIn(folder)) add(path, nameOf(path, folders));
  return [...found.values()];
}

/** Whether a network began with its path of that supernet. */
function inherits(network: RunHeader, { kind, spaceHash }: RunHeader): boolean {
  return network.kind === 'retrain' && kind === 'train' && spaceHash === network.spaceHash;
}

function runsIn(folder: string): string[] {
  if (holdsRun(folder) && !isWhole(folder)) return [folder];
  const runs = foldersIn(folder)
    .map((name) => join(folder, name))
    .filter((path) => holdsRun(path) && !isWhole(path));
  if (runs.length > 0) return runs;
  const what = `a run directory, or a folder that holds some, in '${folder}'`;
  if (!existsSync(folder)) {
    throw new SinglePathError('INVALID_ARGUMENT', `Expected ${what} but there is no such folder`);
  }
  const deeper = foldersIn(folder).filter((name) =>
    foldersIn(join(folder, name)).some((inner) => holdsRun(join(folder, name, inner))),
  );
  throw new SinglePathError(
    'INVALID_ARGUMENT',
    `Expected ${what} but it has ${holdsRun(folder) ? 'none yet' : 'no run.json'}`,
    {
      hint:
        deeper.length > 0
          ? `did you mean ${deeper.map((name) => `'${join(folder, name)}'`).join(' or ')}?`
          : 'give the folder that was the --run-dir of singlepath train, search, retrain or demo',
    },
  );
}

/** Whether a run directory only holds those of its stages. */
function isWhole(folder: string): boolean {
  return readHeader(folder).kind === 'run';
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort();
  } catch {
    return [];
  }
}

/** `supernet` inside the folder that was named, else the name of the folder. */
function nameOf(path: string, folders: readonly string[]): string {
  const inside = folders
    .map((folder) => relative(resolve(folder), resolve(path)))
    .find((name) => name !== '' && !name.startsWith('..'));
  return inside ?? basename(resolve(path));
}
