import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { resolveConfig } from '../config/load.js';
import type { Config } from '../config/schema/config.js';
import { fileSource } from '../config/sources.js';
import { SinglePathError } from '../core/errors.js';
import { type RunKind, readHeader } from '../run/directory.js';

/** What every long work needs to know besides its configuration. */
export interface RunControl {
  /** Where configuration, events, checkpoints and the result go. */
  runDir: string;
  /** Go on from the last checkpoint. */
  resume?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/** A finished or stopped run, as its directory tells. */
export interface StoredRun {
  kind: RunKind;
  path: string;
  config: Config;
  /** Of a retraining. */
  architecture?: number[];
}

/**
 * Reads `run.json` and `config.yaml` of a run directory.
 *
 * @param kind what it has to be.
 * @throws SinglePathError `INVALID_ARGUMENT` where it is none, or of another kind.
 */
export function readRun(path: string, ...kinds: RunKind[]): StoredRun {
  const what = `the run directory of singlepath ${kinds.join(' or ')}`;
  if (!existsSync(join(path, 'run.json'))) {
    const found = existsSync(path) ? 'it has no run.json' : 'there is no such folder';
    throw new SinglePathError('INVALID_ARGUMENT', `Expected ${what} in '${path}' but ${found}`, {
      hint: `make one with \`singlepath ${kinds[0]} --run-dir ${path}\``,
    });
  }
  const { kind, identity } = readHeader(path);
  if (!kinds.includes(kind)) {
    throw new SinglePathError('INVALID_ARGUMENT', `Expected ${what} in '${path}' but it is one of ${kind}`, {
      hint: 'give the folder that was its --run-dir',
    });
  }
  const { architecture } = (identity ?? {}) as { architecture?: number[] };
  const config = resolveConfig([fileSource(join(path, 'config.yaml'))]);
  return { kind, path, config, ...(architecture && { architecture }) };
}

/** `result.json` of a finished run. @throws SinglePathError `INVALID_ARGUMENT` where it is not finished. */
export function readResult<Result>(path: string): Result {
  const file = join(path, 'result.json');
  if (!existsSync(file)) {
    throw new SinglePathError(
      'INVALID_ARGUMENT',
      `Expected a finished run in '${path}' but it has no result`,
      {
        hint: 'finish it with --resume',
      },
    );
  }
  return parseJson(file) as Result;
}

function parseJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as unknown;
  } catch (cause) {
    throw new SinglePathError('INVALID_CHECKPOINT', `Expected JSON in '${file}'`, { cause });
  }
}
