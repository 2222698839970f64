import { existsSync, rmSync } from 'node:fs';
import { describeDifference, differences } from '../../core/differences.js';
import { SinglePathError } from '../../core/errors.js';
import { DirectoryLock } from '../../core/lock.js';
import { AppendFile, readJsonLines } from '../../run/appendFile.js';
import type { JobResult } from '../device/session.js';

/** What a measurement is, so that it is only gone on with where nothing changed. */
export interface JournalHeader {
  /** Hash of what is measured and how. */
  plan: string;
  /** Identity of the environment. */
  environment: object;
}

export type JournalRecord =
  | ({ type: 'header' } & JournalHeader)
  | { type: 'overhead'; ns: number }
  /** A visit; `attempt` counts how often its window was begun. */
  | { type: 'visit'; window: number; attempt: number; visit: number; result: JobResult }
  /** The sentinel after a window (-1: before all): closes the attempt. */
  | { type: 'sentinel'; window: number; attempt: number; ns: number };

/**
 * `<table>.journal`: one fsync'ed JSON object a line, never rewritten. A process that is killed loses the visit it was
 * in; a torn last line is left out.
 */
export class Journal implements Disposable {
  readonly #file: AppendFile;
  readonly #lock: DirectoryLock;

  private constructor(
    readonly path: string,
    /** What was measured before. */
    readonly records: readonly JournalRecord[],
    lock: DirectoryLock,
  ) {
    this.#lock = lock;
    this.#file = new AppendFile(path);
    this.#file.dropTornLine();
  }

  /**
   * @throws SinglePathError `INVALID_ARGUMENT` where there is one and `resume` is not asked for, `INVALID_CHECKPOINT`
   *   where it is of another measurement or environment or a line in it is broken, `IO`.
   */
  static open(path: string, header: JournalHeader, resume: boolean): Journal {
    const lock = DirectoryLock.acquire(`${path}.lock`, 'table');
    try {
      const before = existsSync(path) ? read(path) : [];
      if (before.length > 0 && !resume) {
        throw new SinglePathError('INVALID_ARGUMENT', `Expected no unfinished measurement in '${path}'`, {
          hint: 'go on with it with --resume, or delete the file',
        });
      }
      const [first, ...records] = before;
      if (first !== undefined) checkHeader(path, first, header);
      const journal = new Journal(path, records, lock);
      if (first === undefined) journal.append({ type: 'header', ...header });
      return journal;
    } catch (error) {
      lock[Symbol.dispose]();
      throw error;
    }
  }

  append(record: JournalRecord): void {
    this.#file.append(Buffer.from(`${JSON.stringify(record)}\n`));
    this.#file.sync();
  }

  /** Removes it: the table is written. */
  remove(): void {
    this[Symbol.dispose]();
    rmSync(this.path, { force: true });
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
    this.#lock[Symbol.dispose]();
  }
}

function read(path: string): JournalRecord[] {
  return readJsonLines(path, { what: 'JSON', hint: 'the journal is damaged: delete it and measure again' });
}

function checkHeader(path: string, first: JournalRecord, header: JournalHeader): void {
  const there = first.type === 'header' ? { plan: first.plan, environment: first.environment } : {};
  const changed = differences(there, { ...header }).map((one) => describeDifference(one));
  if (changed.length === 0) return;
  throw new SinglePathError(
    'INVALID_CHECKPOINT',
    `Expected the measurement of '${path}' but it differs: ${changed.join('; ')}`,
    {
      hint: 'times of two environments do not belong into one table: restore it, or delete the journal and measure again',
    },
  );
}
