import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type ConfigSource, fileSource } from './sources.js';

/** Settings that are paths. What is read may lie beside the file that names it; what is written never does. */
const PATHS = [
  { section: 'space', key: 'file', read: true },
  { section: 'data', key: 'path', read: true },
  { section: 'data', key: 'testPath', read: true },
  { section: 'export', key: 'directory', read: false },
] as const;

/**
 * Makes the paths of a source absolute, so that a run means the same from every folder: relative ones count from the
 * folder of the file where what they name lies there, else from the shell's.
 *
 * @param folder of the file; absent for sources that are none.
 */
export function withAbsolutePaths(source: ConfigSource, folder?: string): ConfigSource {
  const value = { ...source.value };
  for (const { section, key, read } of PATHS) {
    const settings = value[section];
    if (typeof settings !== 'object' || settings === null) continue;
    const path = (settings as Record<string, unknown>)[key];
    if (typeof path !== 'string' || path === '') continue;
    const beside = folder === undefined || !read ? undefined : resolve(folder, path);
    const absolute = beside !== undefined && isThere(beside) ? beside : resolve(path);
    value[section] = { ...settings, [key]: absolute };
  }
  return { ...source, value };
}

/** A range of shards (`train-{0000..0009}.tar`) is no file itself. */
const isThere = (path: string): boolean =>
  existsSync(path) || (path.includes('{') && existsSync(dirname(path)));

/** Reads a configuration file. @throws SinglePathError `IO`, or `INVALID_CONFIG` with file:line:column. */
export function configFileSource(path: string): ConfigSource {
  return withAbsolutePaths(fileSource(path), dirname(path));
}
