import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Where the data of other projects is looked for, which is not part of the repository. */
function places(): string[] {
  const given = process.env.SINGLEPATH_DATA;
  return [...(given === undefined ? [] : [given]), join('..', 'shared', 'data')];
}

/** A file or folder of another project's data, and the reason to skip a test where it is in none of the places. */
export function externalFile(name: string): { path: string; skip: string | false } {
  const candidates = places().map((folder) => join(folder, name));
  const path = candidates.find((candidate) => existsSync(candidate));
  if (path !== undefined) return { path, skip: false };
  const skip = `set SINGLEPATH_DATA to the folder that has ${name}; looked at ${candidates.join(', ')}`;
  return { path: candidates[0]!, skip };
}

/** The table of NAS-Bench-Macro (github.com/xiusu/NAS-Bench-Macro). */
export const nasBenchMacro = () => externalFile('nas-bench-macro/nas-bench-macro_cifar10.json');
