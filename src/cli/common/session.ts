import { join } from 'node:path';
import { placeOf } from '../../distributed/environment.js';
import { createLogger, type Logger } from '../../log/logger.js';
import { prefixLines } from '../../log/terminal.js';
import { createProgress, type Progress, type ProgressOptions } from '../../report/progress.js';
import type { LogOptions } from './options.js';

/** Where a command tells what it does: log and progress on stderr. */
export interface Session {
  /** Of the processes that work together; rank 0 tells what happens, and prints the result. */
  rank: number;
  log: Logger;
  progress(options: Pick<ProgressOptions, 'title' | 'total' | 'every'>): Progress;
  /** Says that broken images were left out of a run. */
  onBroken(count: number, file: string): void;
}

/**
 * @param runDir where ranks above 0 log to: `logs/rank-N.log`.
 * @throws SinglePathError `INVALID_CONFIG` where the launcher's variables are half-set.
 */
export function createSession(
  { quiet = false, verbose = false, logJson = false }: LogOptions,
  runDir?: string,
): Session {
  const place = placeOf();
  const rank = place?.rank ?? 0;
  const file = rank > 0 && runDir !== undefined ? join(runDir, 'logs', `rank-${rank}.log`) : undefined;
  if (place !== undefined) prefixLines(`[rank ${rank}] `);
  const log = createLogger({
    level: quiet ? 'warn' : verbose ? 'debug' : 'info',
    json: logJson,
    file,
  });
  return {
    rank,
    log,
    onBroken: (count, list) => log.warn(`${count} broken images were left out; ${list} lists them`),
    progress: (options) => createProgress({ ...options, logger: log, bar: !logJson && rank === 0, quiet }),
  };
}
