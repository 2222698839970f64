import { clearStatus, writeLine } from '../../log/terminal.js';

const CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
type Signal = keyof typeof CODES;

/** Work that saves nothing is given so long to end by itself: foreign code, as in TorchScript, may never return. */
const GRACE_MS = 1000;

let stopped: number | undefined;

/** Exit code of the signal that asked this process to stop, undefined when none did. */
export function stoppedBy(): number | undefined {
  return stopped;
}

/** What stopping means for a work. */
export interface Stopping {
  /** What is saved before it ends, such as `a checkpoint`. Absent: nothing, so it may be ended by force. */
  saves?: string;
}

/**
 * Runs long work that a signal can stop: the first SIGINT, SIGTERM or SIGHUP aborts it (a training finishes its step,
 * writes a checkpoint and throws), a second one ends the process at once.
 */
export async function stoppable<T>(
  { saves }: Stopping,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  let force: NodeJS.Timeout | undefined;
  const handlers = (Object.keys(CODES) as Signal[]).map((name) => {
    const handler = (): void => {
      if (stopped !== undefined) endAtOnce(name);
      stopped = CODES[name];
      writeLine(
        saves === undefined ? `${name}: stopping` : `${name}: stopping with ${saves}; once more ends at once`,
      );
      if (saves === undefined) force = setTimeout(() => endAtOnce(name), GRACE_MS);
      controller.abort();
    };
    process.on(name, handler);
    return [name, handler] as const;
  });
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(force);
    for (const [name, handler] of handlers) process.off(name, handler);
  }
}

/**
 * `process.exit` would wait for the native step that runs, which takes minutes at worst. The signal itself ends the
 * process without asking anyone; a shell sees the same exit code. Locks of dead processes are taken over.
 */
function endAtOnce(name: Signal): void {
  clearStatus();
  process.removeAllListeners(name);
  process.kill(process.pid, name);
}
