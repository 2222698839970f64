import { createLogger, type Logger } from '../../log/logger.js';
import { createProgress, type Progress, type ProgressOptions } from '../../report/progress.js';
import type { LogOptions } from './options.js';

/** Where a command tells what it does: log and progress on stderr. */
export interface Session {
  log: Logger;
  progress(options: Pick<ProgressOptions, 'title' | 'total' | 'every'>): Progress;
  /** Says that broken images were left out of a run. */
  onBroken(count: number, file: string): void;
}

export function createSession({ quiet = false, verbose = false, logJson = false }: LogOptions): Session {
  const log = createLogger({ level: quiet ? 'warn' : verbose ? 'debug' : 'info', json: logJson });
  return {
    log,
    onBroken: (count, file) => log.warn(`${count} broken images were left out; ${file} lists them`),
    progress: (options) => createProgress({ ...options, logger: log, bar: !logJson, quiet }),
  };
}
