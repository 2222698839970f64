import type { ErrorCode } from '../../core/errors.js';
import type { Environment } from '../table.js';
import type { Abilities, DeviceSettings, JobResult, Plan } from './session.js';

/** An error on its way between processes. */
export interface PlainError {
  code: ErrorCode;
  message: string;
  hint?: string | undefined;
}

/** To a measuring process. */
export type ToChild =
  | { type: 'open'; settings: DeviceSettings }
  | { type: 'environment' }
  | { type: 'run'; plan: Plan }
  | { type: 'cancel' };

/** From it: one answer to `open` and `environment`; to `run` its results and then `done`; `failed` to each of them. */
export type FromChild =
  | { type: 'opened'; abilities: Abilities }
  | { type: 'environment'; environment: Environment }
  | { type: 'result'; result: JobResult }
  | { type: 'done' }
  | { type: 'failed'; error: PlainError };
