import { existsSync, readFileSync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { SinglePathError } from './errors.js';

const GO_ON =
  'free some space and repeat, with --resume where a run or a measurement has begun; nothing was half-written';
const HINTS: Record<string, string> = {
  ENOSPC: `the disk is full: ${GO_ON}`,
  EDQUOT: `the disk quota is used up: ${GO_ON}`,
  EFBIG: 'the file is larger than the file system or a limit of the process allows',
  EROFS: 'the file system is read-only: choose another folder',
  EACCES: 'permission denied: choose a folder you may write to',
  EPERM: 'permission denied: choose a folder you may write to',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EEXIST: 'a file of this name is there, or a link that leads nowhere, not a folder',
  EISDIR: 'the path is a folder, not a file',
  ENOENT: 'there is no such file or folder',
};

/** What helps where something cannot be read, and where {@link HINTS} would be of writing. */
const HINTS_OF_READING: Record<string, string> = {
  EACCES: 'permission denied: make it readable for who runs this',
  EPERM: 'permission denied: make it readable for who runs this',
};

/**
 * Nothing is replaced unasked.
 *
 * @param what as in `path for the table`.
 * @throws SinglePathError `INVALID_ARGUMENT` for a path where something is.
 */
export function checkFree(path: string, what: string, hint: string): void {
  if (!existsSync(path)) return;
  throw new SinglePathError('INVALID_ARGUMENT', `Expected a free ${what} but '${path}' is there`, { hint });
}

/** Turns a file system error into a SinglePathError `IO` that names what was done to which path. */
export function ioError(action: string, path: string, cause: unknown): SinglePathError {
  if (cause instanceof SinglePathError) return cause;
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  const reason = cause instanceof Error ? cause.message : String(cause);
  const reading = /^read\b/.test(action) ? HINTS_OF_READING : {};
  const hint = code === undefined ? undefined : (reading[code] ?? HINTS[code]);
  return new SinglePathError('IO', `Could not ${action} '${path}': ${reason}`, { hint, cause });
}

/** The bytes of a file. @throws SinglePathError `IO` */
export function readBytes(path: string): Buffer {
  return reading(path, () => readFileSync(path));
}

/** The text of a file. @throws SinglePathError `IO` */
export function readText(path: string): string {
  return reading(path, () => readFileSync(path, 'utf8'));
}

function reading<Content>(path: string, read: () => Content): Content {
  try {
    return read();
  } catch (error) {
    throw ioError('read', path, error);
  }
}

/** Makes a folder's entries durable: without it a rename may be lost in a power cut. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Creates a folder with its parents; false where it is there already.
 *
 * @throws SinglePathError `IO`
 */
export async function makeDirectory(path: string): Promise<boolean> {
  try {
    return await createFolder(resolve(path));
  } catch (error) {
    throw ioError('create the folder', path, error);
  }
}

/** Step by step: Node's recursive mkdir never ends where a folder that exists takes no new ones, as /proc. */
async function createFolder(path: string): Promise<boolean> {
  if (await isDirectory(path)) return false;
  if (dirname(path) !== path) await createFolder(dirname(path));
  try {
    await mkdir(path);
    return true;
  } catch (error) {
    if (await isDirectory(path)) return false; // another process was faster
    throw error;
  }
}

async function isDirectory(path: string): Promise<boolean> {
  const stats = await stat(path).catch(() => undefined);
  return stats?.isDirectory() ?? false;
}

/** Writes all chunks to a new file and fsyncs it. The file is removed when anything fails. */
export async function writeDurably(path: string, chunks: Iterable<Uint8Array | string>): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'w');
    for (const chunk of chunks) await handle.writeFile(chunk);
    await handle.sync();
    await handle.close();
  } catch (error) {
    await handle?.close().catch(() => {});
    await rm(path, { force: true }).catch(() => {});
    throw ioError('write', path, error);
  }
}

/**
 * Replaces a file as a whole: temporary name beside it, fsync, rename, fsync of the folder. Readers, also after a
 * crash, see the old content or the new one, never a part. A device or a pipe, such as /dev/stdout, stays what it is
 * and gets the content.
 *
 * @throws SinglePathError `IO`
 */
export async function writeFileAtomically(
  path: string,
  chunks: Iterable<Uint8Array | string>,
): Promise<void> {
  if (await isSpecial(path)) return await writeInto(path, chunks);
  const temporary = `${path}.tmp-${process.pid}`;
  await writeDurably(temporary, chunks);
  try {
    await rename(temporary, path);
    await syncDirectory(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw ioError('write', path, error);
  }
}

/** Links of the system: /dev/stdout may lead to a file, and has to stay a link. /dev/shm is a folder as any other. */
const SYSTEM_LINKS = /^\/(dev\/(fd\/)?[^/]+$|proc\/)/;

async function isSpecial(path: string): Promise<boolean> {
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined || stats.isDirectory()) return false;
  return !stats.isFile() || SYSTEM_LINKS.test(resolve(path));
}

async function writeInto(path: string, chunks: Iterable<Uint8Array | string>): Promise<void> {
  try {
    await using handle = await open(path, 'w');
    for (const chunk of chunks) await handle.writeFile(chunk);
  } catch (error) {
    throw ioError('write', path, error);
  }
}

/** Removes what a killed process left half-written in a folder. Only for who holds the folder's lock. */
export async function removeHalfWritten(folder: string): Promise<void> {
  const names = await readdir(folder);
  for (const name of names.filter((one) => /\.tmp-\d+$/.test(one)))
    await rm(join(folder, name), { force: true });
}
