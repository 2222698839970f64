import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { missingSpace } from '../../config/load.js';
import { configFileSource } from '../../config/paths.js';
import type { Config } from '../../config/schema/config.js';
import { type ConfigSource, objectSource } from '../../config/sources.js';
import { SinglePathError } from '../../core/errors.js';
import { readRun } from '../../pipeline/runs/runs.js';
import { CONFIG_FILE, holdsRun, type RunKind, readHeader } from '../../run/header.js';
import { configOf, type Shortcut } from './configOf.js';
import type { RunOptions } from './options.js';

/** Where a run goes when nothing is said. */
function defaultRunDir(config: Config, kind: RunKind): string {
  const { name, file } = config.space;
  const space = name ?? (file === null ? undefined : nameOfFile(file));
  if (space === undefined) throw missingSpace();
  const folder = { train: 'supernet', search: 'search', retrain: 'network', run: 'run' }[kind];
  return join('runs', space, folder);
}

/** `my-space` of `my-space.yaml`; the copy that a run keeps of its space says no more than that it is one. */
function nameOfFile(file: string): string {
  const folder = dirname(file);
  return holdsRun(folder) ? readHeader(folder).spaceName : basename(file).replace(/\.ya?ml$/, '');
}

/** The configuration of a run whose weights another one begins with; nothing where they are those of a file. */
export function startSources(from: string, ...kinds: ('train' | 'retrain')[]): ConfigSource[] {
  if (!holdsRun(from)) return [];
  return [objectSource(readRun(from, ...kinds).config, `${from}/config.yaml`)];
}

/** The configuration of a long work and where it goes: a resumed run starts from its own `config.yaml`. */
export function runConfig(
  options: RunOptions,
  kind: RunKind,
  { base = [], shortcuts = [] }: { base?: readonly ConfigSource[]; shortcuts?: readonly Shortcut[] } = {},
): { config: Config; runDir: string } {
  const given = [...base, ...options.config, ...options.set];
  if (!options.resume) {
    const config = configOf(options, { base, shortcuts });
    return { config, runDir: options.runDir ?? defaultRunDir(config, kind) };
  }
  const runDir = options.runDir ?? defaultRunDir(configOf(options, { base, shortcuts }), kind);
  const own = ownSources(runDir);
  if (given.length === 0 && own.length === 0) {
    throw new SinglePathError(
      'INVALID_CONFIG',
      `Expected a run to go on with in '${runDir}' but it has none`,
      { hint: 'start one without --resume, with --config FILE' },
    );
  }
  return { config: configOf(options, { base: [...base, ...own], shortcuts }), runDir };
}

/** The configuration that a run has noted, to go on with; nothing where there is none yet. */
export function ownSources(runDir: string): ConfigSource[] {
  const stored = join(runDir, CONFIG_FILE);
  return existsSync(stored) ? [configFileSource(stored)] : [];
}
