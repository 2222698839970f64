import { existsSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { resolveConfig } from '../../config/load.js';
import { configFileSource } from '../../config/paths.js';
import type { Config } from '../../config/schema/config.js';
import { checkArguments } from '../../core/check.js';
import { expected, SinglePathError } from '../../core/errors.js';
import { readBytes } from '../../core/files.js';
import type { Group } from '../../distributed/group.js';
import type { RunOptions } from '../../run/directory.js';
import {
  CONFIG_FILE,
  holdsRun,
  RESULT_FILE,
  type RunKind,
  readHeader,
  TABLES_FOLDER,
} from '../../run/header.js';
import { sourcePath } from '../../run/sources.js';
import { Timeline } from '../../run/timeline.js';
import type { SearchResult } from '../../search/result.js';
import type { Architecture } from '../../space/types.js';
import { imagePlaces } from '../images/imagePlaces.js';

/** What every long work needs to know besides its configuration. */
export interface RunControl {
  /** Where configuration, events, checkpoints and the result go. */
  runDir: string;
  /** Go on from the last checkpoint. */
  resume?: boolean | undefined;
  signal?: AbortSignal | undefined;
  /** The processes that share the work (`joinGroup`). Default: this one alone. */
  group?: Group | undefined;
  /** Told what people may want to know. */
  onNotice?: ((message: string) => void) | undefined;
  /** Told at the end how many broken images were left out, and of the file that lists them. */
  onBroken?: ((count: number, file: string) => void) | undefined;
}

/** Whether a run goes on from its last checkpoint: a launcher starts ranks again with the command they had. */
export function resumes({ group, resume = false }: Pick<RunControl, 'group' | 'resume'>): boolean {
  return resume || (group?.place.restarts ?? 0) > 0;
}

/** A finished or stopped run, as its directory tells. */
export interface StoredRun {
  kind: RunKind;
  path: string;
  config: Config;
  /** Name and hash of its space. */
  space: { name: string; hash: string };
  /** Of a retraining. */
  architecture?: number[];
  /** Of a search: the run directory of its supernet. */
  supernet?: string;
  /** Of a search: SHA-256 of the supernet's weights. */
  weights?: string;
  /** Of a training or search under a latency: hashes of its tables. */
  tables?: string[];
}

const SPACE_FILE = 'space.yaml';

/**
 * A configuration as a run directory keeps it: with the space and the latency tables themselves, not the places they were
 * read from, and with that of the images as it is from every folder.
 *
 * @throws SinglePathError `IO`.
 */
export function keptConfig(config: Config): Pick<RunOptions, 'config' | 'files'> {
  const files: Record<string, Uint8Array> = {};
  const keep = (file: string, name: string): string => {
    files[name] = readBytes(file);
    return name;
  };
  const { space, latency, data } = config;
  const file = space.file === null ? null : keep(space.file, SPACE_FILE);
  const tables = Object.fromEntries(
    Object.entries(latency.tables).map(([name, path], index) => [
      name,
      // The end of the name says what is in it.
      keep(path, `${TABLES_FOLDER}/${index + 1}-${basename(path).replace(/^\d+-/, '')}`),
    ]),
  );
  const kept = {
    ...config,
    space: { ...space, file },
    latency: { ...latency, tables },
    data: { ...data, ...imagePlaces(data) },
  };
  return { config: kept, files };
}

/** The weights a training began with, where they were not random. */
export function readStart(path: string): { hash: string; path: string } | undefined {
  if (!holdsRun(path)) return undefined;
  const { identity, sources = {} } = readHeader(path);
  const { from } = (identity ?? {}) as { from?: string };
  if (from === undefined || sources.from === undefined) return undefined;
  return { hash: from, path: resolve(sourcePath(path, sources.from)) };
}

const RUN_FOLDER = 'give the folder that was its --run-dir';

/**
 * Reads `run.json` and `config.yaml` of a run directory.
 *
 * @param kinds what it has to be; any, where none is named.
 * @throws SinglePathError `INVALID_ARGUMENT` where it is none, or of another kind.
 */
export function readRun(path: string, ...kinds: RunKind[]): StoredRun {
  checkArguments('readRun()', { path });
  const command = kinds.length === 0 ? '' : ` of singlepath ${kinds.join(' or ')}`;
  const what = `the run directory${command}`;
  if (!holdsRun(path)) {
    const there = existsSync(path);
    const found = there ? 'it has no run.json' : 'there is no such folder';
    throw new SinglePathError('INVALID_ARGUMENT', `Expected ${what} in '${path}' but ${found}`, {
      hint: there ? RUN_FOLDER : `make one with \`singlepath ${kinds[0] ?? 'run'} --run-dir ${path}\``,
    });
  }
  const { kind, identity, sources = {}, spaceName, spaceHash } = readHeader(path);
  if (kinds.length > 0 && !kinds.includes(kind)) {
    throw new SinglePathError('INVALID_ARGUMENT', `Expected ${what} in '${path}' but it is one of ${kind}`, {
      hint: kind === 'run' ? 'its parts are run directories: supernet, search and network in it' : RUN_FOLDER,
    });
  }
  const { architecture, weights, tables } = (identity ?? {}) as Pick<
    StoredRun,
    'architecture' | 'weights' | 'tables'
  >;
  if (architecture !== undefined) checkArguments(`'${join(path, 'run.json')}'`, { architecture });
  const config = resolveConfig([configFileSource(join(path, CONFIG_FILE))]);
  const supernet = sources.supernet === undefined ? undefined : resolve(sourcePath(path, sources.supernet));
  return {
    kind,
    path,
    config,
    space: { name: spaceName, hash: spaceHash },
    ...(architecture && { architecture }),
    ...(weights && { weights }),
    ...(tables && { tables }),
    ...(supernet && { supernet }),
  };
}

/** `result.json` of a finished run. @throws SinglePathError `INVALID_ARGUMENT` where it is not finished. */
export function readResult<Result>(path: string): Result {
  checkArguments('readResult()', { path });
  const file = join(path, RESULT_FILE);
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

/**
 * `result.json` of a search. One that went on after its result, and was stopped or still runs, keeps that file until it is
 * finished again: what is in it is not what the search has found.
 *
 * @throws SinglePathError `INVALID_ARGUMENT` where it is not finished.
 */
export function readSearchResult(path: string): SearchResult {
  const result = readResult<SearchResult>(path);
  const { events, ended } = new Timeline(path).readAll();
  if (events === 0 || ended === 'finished') return result;
  throw new SinglePathError(
    'INVALID_ARGUMENT',
    `Expected a finished search in '${path}' but it went on after its result, and has not finished since`,
    {
      hint: `finish it with --resume; its former winner is ${result.winner.architecture.join()}, for retrain --arch`,
    },
  );
}

function parseJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as unknown;
  } catch (cause) {
    throw new SinglePathError('INVALID_CHECKPOINT', `Expected JSON in '${file}'`, {
      cause,
      hint: 'the file is damaged: start the run again in a new directory',
    });
  }
}

/**
 * A retrained network has its architecture.
 *
 * @throws SinglePathError `INVALID_ARGUMENT` where another one was asked for.
 */
export function checkOwnArchitecture({ path, architecture = [] }: StoredRun, asked?: Architecture): void {
  if (asked === undefined || asked.join() === architecture.join()) return;
  throw expected(architecture.join(), `the architecture of the network in '${path}'`, asked.join(), {
    hint: 'another path needs the supernet: name its run directory',
  });
}
