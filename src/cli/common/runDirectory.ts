import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { missingSpace } from '../../config/load.js';
import { configFileSource } from '../../config/paths.js';
import type { Config } from '../../config/schema/config.js';
import { type ConfigSource, objectSource } from '../../config/sources.js';
import { SinglePathError } from '../../core/errors.js';
import { readRun } from '../../pipeline/runs.js';
import { holdsRun, type RunKind } from '../../run/header.js';
import { configOf, type Shortcut } from './configOf.js';
import type { RunOptions } from './options.js';

/** Where a run goes when nothing is said. */
export function defaultRunDir(config: Config, kind: RunKind): string {
  const { name, file } = config.space;
  const space = name ?? file?.replace(/^.*\//, '').replace(/\.ya?ml$/, '');
  if (space === undefined) throw missingSpace();
  const folder = { train: 'supernet', search: 'search', retrain: 'network', run: 'run' }[kind];
  return join('runs', space, folder);
}

/** The configuration of a run whose weights another one begins with; nothing where they are those of a file. */
export function startSources(from: string, ...kinds: ('train' | 'retrain')[]): ConfigSource[] {
  if (!holdsRun(from)) return [];
  return [objectSource(readRun(from, ...kinds).config, `${from}/config.yaml`)];
}

/** The configuration of a long work: a resumed run starts from its own `config.yaml`. */
export function runConfig(
  options: RunOptions,
  { base = [], shortcuts = [] }: { base?: readonly ConfigSource[]; shortcuts?: readonly Shortcut[] } = {},
): Config {
  const stored = options.runDir === undefined ? undefined : join(options.runDir, 'config.yaml');
  const own = options.resume && stored !== undefined && existsSync(stored) ? [configFileSource(stored)] : [];
  const given = [...base, ...own, ...options.config, ...options.set];
  if (options.resume && given.length === 0 && options.runDir !== undefined) {
    throw new SinglePathError(
      'INVALID_CONFIG',
      `Expected a run to go on with in '${options.runDir}' but it has none`,
      { hint: 'start one without --resume, with --config FILE' },
    );
  }
  return configOf(options, { base: [...base, ...own], shortcuts });
}
