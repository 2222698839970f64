import { createLogger, type Logger } from '../../log/logger.js';
import { createProgress, type Progress, type ProgressOptions } from '../../report/progress.js';
import type { OutputOptions } from './options.js';

/** Where a command tells what it does: log and progress on stderr. */
export interface Session {
  log: Logger;
  progress(options: Pick<ProgressOptions, 'title' | 'total' | 'every'>): Progress;
}

export function createSession({ quiet = false, verbose = false, logJson = false }: OutputOptions): Session {
  const log = createLogger({ level: quiet ? 'warn' : verbose ? 'debug' : 'info', json: logJson });
  return {
    log,
    progress: (options) => createProgress({ ...options, logger: log, bar: !logJson, quiet }),
  };
}
