import { checkAlgorithmSettings, ignoredSettings } from '../../config/ignored.js';
import { givenSources, loadConfig } from '../../config/load.js';
import { valueAt } from '../../config/plain.js';
import type { Config } from '../../config/schema/config.js';
import { type ConfigSource, valueSource } from '../../config/sources.js';
import type { ConfigOptions, SearchOptions } from './options.js';
import type { Session } from './session.js';

/** An option of the command line that stands for a setting. */
export interface Shortcut {
  path: readonly string[];
  value: unknown;
  /** As the user wrote it, for errors: `--constraint`. */
  option: string;
}

/** The settings that the options of a search stand for. */
export function searchShortcuts({ constraint, score, calibrate, finalists }: SearchOptions): Shortcut[] {
  const constraints = constraint.length > 0 ? constraint : undefined;
  return [
    { path: ['search', 'constraints'], value: constraints, option: '--constraint' },
    { path: ['search', 'calibrate'], value: calibrate, option: '--calibrate' },
    { path: ['search', 'finalists'], value: finalists, option: '--finalists' },
    { path: ['search', 'score'], value: score, option: '--score' },
  ];
}

function optionSources(
  { seed, kernels, evaluationMemory }: ConfigOptions,
  shortcuts: readonly Shortcut[],
): ConfigSource[] {
  const all: Shortcut[] = [
    ...shortcuts,
    { path: ['seed'], value: seed, option: '--seed' },
    { path: ['runtime', 'kernels'], value: kernels, option: '--kernels' },
    { path: ['evaluate', 'memory'], value: evaluationMemory, option: '--evaluation-memory' },
  ];
  return all
    .filter(({ value }) => value !== undefined)
    .map(({ path, value, option }) => valueSource(path, value, option));
}

/** The configuration a command runs with: what it builds on, then files, then options, then `--set`. */
export function configOf(
  options: ConfigOptions,
  { base = [], shortcuts = [] }: { base?: readonly ConfigSource[]; shortcuts?: readonly Shortcut[] } = {},
): Config {
  return loadConfig({
    base,
    files: options.config,
    options: optionSources(options, shortcuts),
    set: options.set,
  });
}

/** How the command line states a setting, such as `--kernels`; undefined where it does not. */
export function typedAs(options: ConfigOptions, path: readonly string[]): string | undefined {
  const typed = givenSources({ options: optionSources(options, []), set: options.set });
  return typed.findLast(({ value }) => valueAt(value, path) !== undefined)?.locate(path, 'key');
}

/** Says which settings that the user has given decide nothing in `config`. */
export function warnIgnored(
  { log }: Session,
  options: ConfigOptions,
  config: Config,
  shortcuts: readonly Shortcut[] = [],
): void {
  for (const message of ignoredSettings(givenBy(options, shortcuts), config)) log.warn(message);
}

/**
 * The same, for what searches.
 *
 * @throws SinglePathError `INVALID_CONFIG` for settings of another search algorithm.
 */
export function checkSearched(
  session: Session,
  options: ConfigOptions & SearchOptions,
  config: Config,
): void {
  const shortcuts = searchShortcuts(options);
  checkAlgorithmSettings(givenBy(options, shortcuts), config);
  warnIgnored(session, options, config, shortcuts);
}

function givenBy(options: ConfigOptions, shortcuts: readonly Shortcut[]): ConfigSource[] {
  const { config: files, set } = options;
  return givenSources({ files, options: optionSources(options, shortcuts), set });
}
