import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { SinglePathError } from '../core/errors.js';
import { ioError, readText } from '../core/files.js';

const NEWLINE = 0x0a;
const FLAGS = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT;

/**
 * A file that only grows. Appends are small and synchronous (some microseconds in the page cache), so records keep
 * their order and an error shows where it happens. A record that does not fit on the disk is taken back whole.
 */
export class AppendFile implements Disposable {
  #descriptor: number | undefined;

  constructor(readonly path: string) {
    try {
      this.#descriptor = openSync(path, FLAGS);
    } catch (error) {
      throw ioError('open', path, error);
    }
  }

  /** @throws SinglePathError `IO`; the file then ends where it ended before. */
  append(record: Uint8Array): void {
    const descriptor = this.#open();
    const { size } = fstatSync(descriptor);
    try {
      for (let done = 0; done < record.length; ) done += writeSync(descriptor, record, done);
    } catch (error) {
      truncate(descriptor, size);
      throw ioError('append to', this.path, error);
    }
  }

  /** Cuts what follows the last newline: the torn record of a process that was killed. */
  dropTornLine(): void {
    const descriptor = this.#open();
    const block = Buffer.alloc(64 * 1024);
    const { size } = fstatSync(descriptor);
    let end = size;
    while (end > 0) {
      const start = Math.max(0, end - block.length);
      const read = readSync(descriptor, block, 0, end - start, start);
      const newline = block.subarray(0, read).lastIndexOf(NEWLINE);
      if (newline >= 0) {
        end = start + newline + 1;
        break;
      }
      end = start;
    }
    if (end < size) ftruncateSync(descriptor, end);
  }

  /** Makes everything appended so far durable. */
  sync(): void {
    try {
      fsyncSync(this.#open());
    } catch (error) {
      throw ioError('sync', this.path, error);
    }
  }

  [Symbol.dispose](): void {
    if (this.#descriptor === undefined) return;
    closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #open(): number {
    if (this.#descriptor === undefined) throw ioError('append to', this.path, new Error('it is closed'));
    return this.#descriptor;
  }
}

function truncate(descriptor: number, size: number): void {
  try {
    ftruncateSync(descriptor, size);
  } catch {
    // The error of the append says more; readers tolerate a torn last line.
  }
}

/**
 * The values of a file of JSON lines. A torn last line (the process was killed) is left out.
 *
 * @param what one line is, and what to do where one is broken, for the error.
 * @throws SinglePathError `IO`, or `INVALID_CHECKPOINT` for a broken line elsewhere.
 */
export function readJsonLines<Line>(path: string, { what, hint }: { what: string; hint: string }): Line[] {
  const lines = readText(path).split('\n');
  lines.pop(); // '' after a final newline, else the torn line
  return lines.map((line, index) => {
    try {
      return JSON.parse(line) as Line;
    } catch (cause) {
      throw new SinglePathError('INVALID_CHECKPOINT', `Expected ${what} in '${path}', line ${index + 1}`, {
        cause,
        hint,
      });
    }
  });
}
