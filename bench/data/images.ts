import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of image files; a tar archive is unpacked into a temporary one. */
export function imageFolder(path: string): { folder: string } & Disposable {
  if (statSync(path).isDirectory()) return { folder: path, [Symbol.dispose]: () => {} };
  const temporary = temporaryFolder();
  execFileSync('tar', ['xf', path, '-C', temporary.path]);
  return { folder: temporary.path, [Symbol.dispose]: () => temporary[Symbol.dispose]() };
}

export function temporaryFolder(): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'singlepath-bench-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** All JPEG and PNG files below a folder, in memory: disks are not what is measured. */
export function readImages(folder: string): Buffer[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(jpe?g|png)$/i.test(name))
    .sort()
    .map((name) => readFileSync(join(folder, name)));
}
