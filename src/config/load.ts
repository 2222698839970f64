import { SinglePathError } from '../core/errors.js';
import { type DocumentKind, issuesError } from './issues.js';
import { type ConfigLayer, fileLayer, mergeLayers, setLayer } from './layers.js';
import { type Config, configJsonSchema, configSchema } from './schema/config.js';

const CONFIGURATION: DocumentKind = {
  code: 'INVALID_CONFIG',
  schema: configJsonSchema,
  docs: 'docs/config.schema.json',
};

/**
 * Merges the layers, fills in the defaults and checks every value.
 *
 * @throws SinglePathError `INVALID_CONFIG`: each finding with its file, line and column, or its `--set` option.
 */
export function resolveConfig(layers: readonly ConfigLayer[]): Config {
  const value = mergeLayers(layers);
  const result = configSchema.safeParse(value);
  if (!result.success) throw issuesError(result.error.issues, value, layers, CONFIGURATION);
  return result.data;
}

export interface ConfigSources {
  /** YAML files, later ones win. */
  files?: readonly string[];
  /** `a.b=value` overrides, applied last. */
  set?: readonly string[];
  /** What the files build on, such as the configuration of an earlier run. */
  base?: readonly ConfigLayer[];
  /** Applied after the files and before `set`. */
  options?: readonly ConfigLayer[];
}

/** A configuration from files and overrides; nothing comes from the environment. */
export function loadConfig(sources: ConfigSources): Config {
  return resolveConfig([
    ...(sources.base ?? []),
    ...(sources.files ?? []).map((file) => fileLayer(file)),
    ...(sources.options ?? []),
    ...(sources.set ?? []).map(setLayer),
  ]);
}

/** The error for a configuration that names no space. */
export function missingSpace(): SinglePathError {
  return new SinglePathError('INVALID_CONFIG', 'Expected space.name or space.file in the configuration', {
    hint: "pass --config FILE or --set space.name=NAME; 'singlepath space list' shows the names",
  });
}
