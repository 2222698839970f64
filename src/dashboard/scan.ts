import { createHash } from 'node:crypto';
import { type Dirent, readdirSync, realpathSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { holdsRun } from '../run/header.js';

/** A run directory below the folder that is shown. */
export interface ScannedRun {
  /** The same for the same place, so that an address stays good. */
  id: string;
  path: string;
  folder: string;
  name: string;
}

/** Below these are no runs, or such that belong to another one. */
const SKIPPED = new Set(['checkpoints', 'tensorboard', 'trials', 'node_modules', 'export']);
const DEEPEST = 6;

/** The run directories below a folder, sorted by their place. Links are not followed, so all of them are in it. */
export function scanRuns(root: string): ScannedRun[] {
  const found: ScannedRun[] = [];
  const real = realpath(root);
  if (real === undefined) return found;
  const visit = (path: string, depth: number): void => {
    if (placeBelow(root, path) === undefined) return;
    if (holdsRun(path)) {
      const below = relative(root, path) || basename(real);
      const folder = dirname(below);
      found.push({ id: idOf(below), path, folder: folder === '.' ? '' : folder, name: basename(below) });
    }
    if (depth === DEEPEST) return;
    for (const entry of entriesOf(path)) {
      if (entry.isDirectory() && !SKIPPED.has(entry.name) && !entry.name.startsWith('.'))
        visit(join(path, entry.name), depth + 1);
    }
  };
  visit(root, 0);
  return found.sort((a, b) => a.path.localeCompare(b.path, 'en', { numeric: true }));
}

/** Where a path really is; undefined where it is not there, or where a link leads out of the root. */
export function placeBelow(root: string, path: string): string | undefined {
  const [real, place] = [realpath(root), realpath(path)];
  if (real === undefined || place === undefined) return undefined;
  return place === real || place.startsWith(real + sep) ? place : undefined;
}

function idOf(place: string): string {
  return createHash('sha256').update(place).digest('hex').slice(0, 16);
}

function realpath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined; // removed just now
  }
}

function entriesOf(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    return [];
  }
}
