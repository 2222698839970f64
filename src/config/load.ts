import { checkArguments } from '../core/check.js';
import { SinglePathError } from '../core/errors.js';
import { type DocumentKind, issuesError } from './issues.js';
import { configFileSource, withAbsolutePaths } from './paths.js';
import { type Config, configJsonSchema, configSchema } from './schema/config.js';
import { type ConfigSource, mergeSources, objectSource, setSource } from './sources.js';

const CONFIGURATION: DocumentKind = {
  code: 'INVALID_CONFIG',
  schema: configJsonSchema,
  docs: 'docs/config.schema.json',
};

/**
 * Merges the sources, fills in the defaults and checks every value.
 *
 * @throws SinglePathError `INVALID_CONFIG`: each finding with its file, line and column, or its `--set` option.
 */
export function resolveConfig(sources: readonly ConfigSource[]): Config {
  checkArguments('resolveConfig()', { sources });
  const value = mergeSources(sources);
  const result = configSchema.safeParse(value);
  if (!result.success) throw issuesError(result.error.issues, value, sources, CONFIGURATION);
  return result.data;
}

/**
 * The configuration that a program passes to `call`: checked as files are, with the defaults of what it leaves out.
 *
 * @throws SinglePathError `INVALID_CONFIG`, `INVALID_ARGUMENT` where it is no object.
 */
export function configArgument(call: string, config: Config): Config {
  checkArguments(call, { config });
  return resolveConfig([objectSource(config, `the configuration of ${call}`)]);
}

export interface LoadConfigOptions {
  /** YAML files, later ones win. */
  files?: readonly string[];
  /** `a.b=value` overrides, applied last. */
  set?: readonly string[];
  /** What the files build on, such as the configuration of an earlier run. */
  base?: readonly ConfigSource[];
  /** Applied after the files and before `set`. */
  options?: readonly ConfigSource[];
}

/** A configuration from files and overrides, its paths absolute; nothing comes from the environment. */
export function loadConfig(given: LoadConfigOptions): Config {
  checkArguments('loadConfig()', { options: given });
  const { base = [], files = [], options = [], set = [] } = given;
  checkArguments('loadConfig()', { sources: base });
  checkArguments('loadConfig()', { sources: options });
  for (const texts of [files, set]) checkArguments('loadConfig()', { texts });
  return resolveConfig([...base, ...givenSources({ files, options, set })]);
}

/** What a user gives, in the order in which it counts: files, then options, then `set`; paths absolute. */
export function givenSources({ files = [], options = [], set = [] }: LoadConfigOptions): ConfigSource[] {
  return [
    ...files.map(configFileSource),
    ...[...options, ...set.map(setSource)].map((source) => withAbsolutePaths(source)),
  ];
}

/** The error for a configuration that names no space. */
export function missingSpace(): SinglePathError {
  return new SinglePathError('INVALID_CONFIG', 'Expected space.name or space.file in the configuration', {
    hint: "pass --config FILE or --set space.name=NAME; 'singlepath space list' shows the names",
  });
}
