import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SinglePathError } from '../core/errors.js';
import { ioError, writeFileAtomically } from '../core/files.js';

/** `run` is a whole: supernet, search, retraining and export, each in a folder of its own inside. */
export const RUN_KINDS = ['train', 'search', 'retrain', 'run'] as const;
export type RunKind = (typeof RUN_KINDS)[number];

export const HEADER_FORMAT = 1;
export const HEADER_FILE = 'run.json';
/** The configuration of a run. */
export const CONFIG_FILE = 'config.yaml';
/** What came of a run, once it is finished. */
export const RESULT_FILE = 'result.json';

/** Where a run keeps the latency tables of its constraints. */
export const TABLES_FOLDER = 'tables';
/** The file that names the process that works on a run. */
export const LOCK_FILE = 'lock';

/** `run.json`: whose directory this is. */
export interface RunHeader {
  format: number;
  kind: RunKind;
  spaceName: string;
  spaceHash: string;
  identity: unknown;
  /** Relative to the directory. */
  sources: Record<string, string>;
  created: string;
}

/** Whether a folder is the directory of a run. */
export function holdsRun(path: string): boolean {
  return existsSync(join(path, HEADER_FILE));
}

/** Whether the run in a folder has been finished; a search may have gone on since. */
export function holdsResult(path: string): boolean {
  return existsSync(join(path, RESULT_FILE));
}

/**
 * Reads `run.json` of a run directory.
 *
 * @throws SinglePathError `IO`, or `INVALID_CHECKPOINT` where it is none of this version.
 */
export function readHeader(path: string): RunHeader {
  const file = join(path, HEADER_FILE);
  let found = 'something else';
  try {
    const header = JSON.parse(readFileSync(file, 'utf8')) as RunHeader;
    // JSON may be null
    if (header?.format === HEADER_FORMAT && RUN_KINDS.includes(header.kind)) return header;
    if (header?.format === HEADER_FORMAT) found = `one of kind '${header.kind}'`;
    else if (header?.format !== undefined) found = `format ${header.format}`;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw ioError('read', file, error);
  }
  throw new SinglePathError(
    'INVALID_CHECKPOINT',
    `Expected a run header of format ${HEADER_FORMAT} and kind ${RUN_KINDS.join(', ')} in '${file}' but found ${found}`,
    { hint: 'it is damaged, or of another version of singlepath: choose another run directory' },
  );
}

/** Writes `run.json`. @throws SinglePathError `IO` */
export async function writeHeader(path: string, header: RunHeader): Promise<void> {
  await writeFileAtomically(join(path, HEADER_FILE), [`${JSON.stringify(header, null, 2)}\n`]);
}
