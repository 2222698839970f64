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
  const tables = tablesOf(value, folder);
  if (Object.keys(tables).length > 0) value.latency = { ...sectionOf(value, 'latency'), tables };
  return { ...source, value };
}

/** Settings that name latency tables: `latency[pi.lut]<=12ms`. */
const NAMING_TABLES = [
  ['search', 'constraints'],
  ['search', 'objectives'],
  ['train', 'constraints'],
] as const;

/** Absolute paths of the tables a source states, and of those it names where such a file is there. */
function tablesOf(value: Record<string, unknown>, folder: string | undefined): Record<string, unknown> {
  const find = (path: string): string | undefined =>
    [folder, '.'].flatMap((from) => (from === undefined ? [] : [resolve(from, path)])).find(existsSync);
  const tables: Record<string, unknown> = {};
  for (const [section, key] of NAMING_TABLES) {
    const texts = sectionOf(value, section)[key];
    for (const [, name] of JSON.stringify(texts ?? '').matchAll(/latency\[([^\]]+)\]/g)) {
      const path = find(name!);
      if (path !== undefined) tables[name!] = path;
    }
  }
  const stated = sectionOf(sectionOf(value, 'latency'), 'tables');
  for (const [name, path] of Object.entries(stated))
    tables[name] = typeof path === 'string' ? (find(path) ?? resolve(path)) : path;
  return tables;
}

function sectionOf(value: Record<string, unknown>, name: string): Record<string, unknown> {
  const section = value[name];
  return typeof section === 'object' && section !== null ? (section as Record<string, unknown>) : {};
}

/** A range of shards (`train-{0000..0009}.tar`) is no file itself. */
const isThere = (path: string): boolean =>
  existsSync(path) || (path.includes('{') && existsSync(dirname(path)));

/** Reads a configuration file. @throws SinglePathError `IO`, or `INVALID_CONFIG` with file:line:column. */
export function configFileSource(path: string): ConfigSource {
  return withAbsolutePaths(fileSource(path), dirname(path));
}
