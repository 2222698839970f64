const CODES = { SIGINT: 130, SIGTERM: 143 } as const;

let stopped: number | undefined;

/** Exit code of the signal that asked this process to stop, undefined when none did. */
export function stoppedBy(): number | undefined {
  return stopped;
}

/**
 * Runs long work that a signal can stop: the first SIGINT or SIGTERM aborts it (it writes a checkpoint and throws),
 * a second one ends the process at once.
 */
export async function stoppable<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const handlers = Object.entries(CODES).map(([name, code]) => {
    const handler = (): void => {
      if (stopped !== undefined) process.exit(code);
      stopped = code;
      process.stderr.write(`\n${name}: stopping at the next checkpoint; once more ends at once\n`);
      controller.abort();
    };
    process.on(name, handler);
    return [name, handler] as const;
  });
  try {
    return await work(controller.signal);
  } finally {
    for (const [name, handler] of handlers) process.off(name, handler);
  }
}
