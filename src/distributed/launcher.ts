import { readFileSync, writeFileSync } from 'node:fs';

/** How often an orphan looks for its launcher, in milliseconds. */
const EVERY = 1000;

/**
 * Calls `onGone` once torchrun's agent has died: its workers live on then, and nobody would ever end them. Between the agent
 * and this process there may be others (npx, a shell): the first worker of the chain is the one whose parent is watched.
 */
export function watchLauncher(onGone: () => void): Disposable {
  const worker = firstWorker();
  if (worker === undefined) return { [Symbol.dispose]() {} };
  const timer = setInterval(() => {
    if (process.ppid === worker.ownParent && parentOf(worker.pid) === worker.parent) return;
    clearInterval(timer);
    onGone();
  }, EVERY);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function firstWorker(): { pid: number; parent: number; ownParent: number } | undefined {
  if (process.env.TORCHELASTIC_RUN_ID === undefined) return undefined;
  let pid = process.pid;
  for (;;) {
    const parent = parentOf(pid);
    if (parent === undefined) return undefined; // no /proc
    if (parent <= 1 || !environmentOf(parent).includes('\0TORCHELASTIC_RUN_ID=')) {
      return { pid, parent, ownParent: process.ppid };
    }
    pid = parent;
  }
}

/** Field 4 of /proc/PID/stat; the command name before it may hold spaces and brackets. */
function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}

function environmentOf(pid: number): string {
  try {
    return `\0${readFileSync(`/proc/${pid}/environ`, 'utf8')}`;
  } catch {
    return '';
  }
}

/** Tells torchrun why this rank ends: its table at the end shows the line. */
export function tellLauncher(line: string): void {
  const file = process.env.TORCHELASTIC_ERROR_FILE;
  if (file === undefined || file === '') return;
  const timestamp = String(Math.floor(Date.now() / 1000));
  const message = { message: line, extraInfo: { py_callstack: line, timestamp } };
  try {
    writeFileSync(file, JSON.stringify({ message }));
  } catch {
    // the line is on stderr, too
  }
}
