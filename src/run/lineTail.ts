import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { ioError } from '../core/files.js';

const NEWLINE = 0x0a;
const BLOCK = 1 << 20;

/** What was appended to a file since the last look. */
export interface Appended {
  /** Complete lines without their ends. */
  lines: string[];
  /** The file is another one, or was cut: all lines before are void. */
  reset: boolean;
  /** There is more to read at once. */
  more: boolean;
}

/**
 * Reads a growing file of lines piece by piece, in memory that does not depend on its size. A last line without its end
 * is being written, or is torn: it is read when it is complete. It looks when asked, as no change is reported on network
 * file systems.
 */
export class LineTail {
  #offset = 0;
  #file: { inode: number; device: number } | undefined;
  #size = 0;

  constructor(readonly path: string) {}

  /** Share of the file that was read, in [0, 1]. */
  get progress(): number {
    return this.#size === 0 ? 1 : this.#offset / this.#size;
  }

  /** @throws SinglePathError `IO`; a file that is not there has no lines. */
  read(): Appended {
    let descriptor: number;
    try {
      descriptor = openSync(this.path, 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw ioError('read', this.path, error);
      const reset = this.#file !== undefined;
      this.#restart();
      return { lines: [], reset, more: false };
    }
    try {
      const { ino: inode, dev: device, size } = fstatSync(descriptor);
      const known = this.#file;
      const reset =
        known !== undefined && (known.inode !== inode || known.device !== device || size < this.#offset);
      if (reset) this.#restart();
      this.#file = { inode, device };
      this.#size = size;
      const lines = this.#lines(descriptor);
      return { lines, reset, more: lines.length > 0 && this.#offset < size };
    } catch (error) {
      throw ioError('read', this.path, error);
    } finally {
      closeSync(descriptor);
    }
  }

  /** The lines of the next block; of a larger one where a line does not fit. */
  #lines(descriptor: number): string[] {
    const left = this.#size - this.#offset;
    for (let length = Math.min(BLOCK, left); length > 0; length = Math.min(2 * length, left)) {
      const block = Buffer.allocUnsafe(length);
      const read = readSync(descriptor, block, 0, length, this.#offset);
      const end = block.subarray(0, read).lastIndexOf(NEWLINE);
      if (end >= 0) {
        this.#offset += end + 1;
        return block.toString('utf8', 0, end).split('\n');
      }
      if (length === left) break;
    }
    return [];
  }

  #restart(): void {
    this.#offset = 0;
    this.#size = 0;
    this.#file = undefined;
  }
}
