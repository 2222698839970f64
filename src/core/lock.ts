import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { SinglePathError } from './errors.js';
import { ioError } from './files.js';

/** Who holds a lock. */
export interface LockOwner {
  pid: number;
  host: string;
  /** Start time of the process in clock ticks since boot (Linux), so that a reused pid is not taken for it. */
  started: string | null;
}

/**
 * A lock file that names the process holding it. The lock of a process that is gone is taken over.
 * Node has no flock; `link` gives the same exclusive creation, with the content already in place.
 */
export class DirectoryLock implements Disposable {
  readonly #text: string;
  #held = true;
  readonly #release = () => this[Symbol.dispose]();

  private constructor(
    readonly path: string,
    owner: LockOwner,
  ) {
    this.#text = JSON.stringify(owner);
    process.once('exit', this.#release);
  }

  /**
   * @param what is locked, for the error.
   * @throws SinglePathError `IO` when a living process holds the lock or it cannot be written.
   */
  static acquire(path: string, what: string): DirectoryLock {
    const lock = DirectoryLock.tryAcquire(path);
    if (lock instanceof DirectoryLock) return lock;
    throw new SinglePathError(
      'IO',
      `Expected a free ${what} but process ${lock.pid} on ${lock.host} uses it`,
      {
        hint: `wait for it or choose another ${what}; if it is surely gone, delete '${path}'`,
      },
    );
  }

  /** The lock, or the living process that holds it. @throws SinglePathError `IO` where it cannot be written. */
  static tryAcquire(path: string): DirectoryLock | LockOwner {
    const owner: LockOwner = { pid: process.pid, host: hostname(), started: startOf(process.pid) };
    const temporary = `${path}.${process.pid}`;
    try {
      writeFileSync(temporary, JSON.stringify(owner));
      // Each round either gets the lock, or removes a stale one, or finds who holds it.
      while (!tryLink(temporary, path)) {
        const holder = removeStale(path);
        if (holder !== undefined) return holder;
      }
    } catch (error) {
      throw ioError('lock', path, error);
    } finally {
      rmSync(temporary, { force: true });
    }
    return new DirectoryLock(path, owner);
  }

  /** Whether the lock file is still there, and still this one. */
  get intact(): boolean {
    return readLock(this.path) === this.#text;
  }

  /** Releases the lock, unless another process has taken it over meanwhile. */
  [Symbol.dispose](): void {
    if (!this.#held) return;
    this.#held = false;
    process.off('exit', this.#release);
    if (this.intact) rmSync(this.path, { force: true });
  }
}

/** The living process that holds a lock; undefined where none does. */
export function lockOwner(path: string): LockOwner | undefined {
  const owner = parse(readLock(path) ?? '');
  return owner !== undefined && isAlive(owner) ? owner : undefined;
}

/** What `link` says, beside a file that could be written a moment ago, where the file system has no links. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (!NO_LINKS.includes(code)) throw error;
    throw new SinglePathError('IO', `Could not lock '${to}': ${message}`, {
      cause: error,
      hint: 'locks need hard links, which FAT and some network file systems do not have: choose a folder on another one',
    });
  }
}

/** Removes the lock of a process that is gone; returns its owner where that is alive. */
function removeStale(path: string): LockOwner | undefined {
  const text = readLock(path);
  if (text === undefined) return undefined; // released just now
  const owner = parse(text);
  if (owner !== undefined && isAlive(owner)) return owner;
  // Moved aside first and looked at again: another process may have replaced the stale lock by its own meanwhile.
  const aside = `${path}.stale-${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  if (readLock(aside) !== text) tryLink(aside, path);
  rmSync(aside, { force: true });
  return undefined;
}

function readLock(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function parse(text: string): LockOwner | undefined {
  try {
    return JSON.parse(text) as LockOwner;
  } catch {
    return undefined; // written by nobody: `link` shows only complete locks
  }
}

function isAlive(owner: LockOwner): boolean {
  if (owner.host !== hostname()) return true; // cannot be known from here
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return owner.started === null || startOf(owner.pid) === owner.started;
}

/**
 * Field 22 of /proc/PID/stat; the command name before it may hold spaces and brackets. Null where there is no such
 * process, or one that has ended and that its parent has not asked for.
 */
function startOf(pid: number): string | null {
  const stat = readLock(`/proc/${pid}/stat`);
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields === undefined || /[ZX]/.test(fields[0]!) ? null : (fields[19] ?? null);
}
