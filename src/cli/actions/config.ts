import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { checkAlgorithmSettings, ignoredSettings } from '../../config/ignored.js';
import { givenSources, resolveConfig } from '../../config/load.js';
import { printConfig } from '../../config/print.js';
import { configJsonSchema } from '../../config/schema/config.js';
import { SinglePathError } from '../../core/errors.js';
import { checkConfig } from '../../pipeline/checkConfig.js';
import { configOf } from '../common/configOf.js';
import type { ValidatedFile } from '../common/jsonOutput.js';
import type { ConfigOptions } from '../common/options.js';
import { printDocument, printJson, printText } from '../common/output.js';

export interface ValidateOptions {
  /** Files that each of those to check builds on. */
  config: string[];
  json?: boolean;
}

/** `singlepath config validate` */
export function validateConfigs(paths: readonly string[], { config, json }: ValidateOptions): void {
  const results: ValidatedFile[] = [];
  // Two constraints take seconds to count: each verdict is printed when it is known.
  for (const result of validatedFiles(paths, config)) {
    results.push(result);
    if (!json) printText(verdictOf(result));
  }
  if (json) printJson('config validate', results);
  if (results.some(({ error }) => error !== undefined)) process.exitCode = 2;
}

function verdictOf({ file, error, missing, ignored = [], hint }: ValidatedFile): string {
  const verdict =
    missing === undefined ? `${file}: ok` : `${file}: ok, but its images are not here: ${missing}`;
  const warnings = ignored.map((message) => `warning: ${message}`);
  return [error ?? verdict, ...(hint ? [`hint: ${hint}`] : []), ...warnings].join('\n');
}

/** `singlepath config show` */
export function showConfig(options: ConfigOptions & { json?: boolean }): void {
  const config = configOf(options);
  if (options.json) printDocument(config);
  else printText(printConfig(config, { comments: true }).trimEnd());
}

/** `singlepath config schema` */
export function printSchema(): void {
  printDocument(configJsonSchema());
}

/** Checks each file on top of `base`; folders are searched for YAML files. */
function* validatedFiles(paths: readonly string[], base: readonly string[]): Generator<ValidatedFile> {
  const files = paths.flatMap(yamlFiles);
  if (files.length === 0) {
    throw new SinglePathError(
      'INVALID_ARGUMENT',
      `Expected YAML files in ${paths.join(', ')} but found none`,
    );
  }
  for (const file of files) yield validatedFile(file, base);
}

function validatedFile(file: string, base: readonly string[]): ValidatedFile {
  try {
    const sources = givenSources({ files: [...base, file] });
    const config = resolveConfig(sources);
    const missing = checkConfig(config);
    checkAlgorithmSettings(sources, config);
    const ignored = ignoredSettings(sources, config);
    return {
      file,
      ...(ignored.length > 0 && { ignored }),
      ...(missing && { missing: missing.message, ...hintOf(missing) }),
    };
  } catch (error) {
    if (!(error instanceof SinglePathError)) throw error;
    const message = error.message.startsWith(file) ? error.message : `${file}: ${error.message}`;
    return { file, error: message, ...hintOf(error) };
  }
}

function hintOf({ hint }: SinglePathError): { hint?: string } {
  return hint === undefined ? {} : { hint };
}

function yamlFiles(path: string): string[] {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  if (!isFolder) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => {
      const inner = join(path, name);
      const isYaml = /\.ya?ml$/.test(name) || statSync(inner).isDirectory();
      return isYaml ? yamlFiles(inner) : [];
    });
}
