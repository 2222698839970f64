import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { differences } from '../core/differences.js';
import { readHeader, writeHeader } from './header.js';

/** Paths of what a run builds on, by name, such as `supernet` of a search. */
export type Sources = Readonly<Record<string, string>>;

/** As the header has them: counted from the run's directory, so both may be moved together. */
export function placesOf(run: string, sources: Sources = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(sources).map(([name, path]) => [name, placeOf(run, path)]));
}

/** The path of what a run builds on. Earlier versions counted it from the name of the run, links and all. */
export function sourcePath(run: string, place: string): string {
  const [named, real] = [join(run, place), join(realPath(run), place)];
  return existsSync(real) && realPath(named) !== realPath(real) ? real : named;
}

/** What a run builds on may lie elsewhere when it goes on: from then on it is looked for there. */
export async function renewSources(run: string, sources?: Sources): Promise<void> {
  const header = readHeader(run);
  const renewed = { ...header.sources, ...placesOf(run, sources) };
  if (differences(header.sources, renewed).length > 0)
    await writeHeader(run, { ...header, sources: renewed });
}

/**
 * `..` leads out of the folder that a link stands for, so links are followed first; the last name stays, which a link may
 * have given (`weights.safetensors` of a cache).
 */
function placeOf(run: string, source: string): string {
  const path = resolve(source);
  return relative(realPath(run), join(realPath(dirname(path)), basename(path)));
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path); // gone, or not made yet
  }
}
