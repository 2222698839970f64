import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../config/load.js';
import { printConfig } from '../../config/print.js';
import { configJsonSchema } from '../../config/schema/config.js';
import { SinglePathError } from '../../core/errors.js';
import { openSpace, samplerOf } from '../../pipeline/fromConfig.js';
import { legalArchitectures } from '../../pipeline/legalArchitectures.js';
import { configOf } from '../common/configOf.js';
import type { ConfigOptions } from '../common/options.js';
import { printJson, printText } from '../common/output.js';

interface ValidatedFile {
  file: string;
  /** Absent where the file is right. */
  error?: string;
  hint?: string;
}

/** `singlepath config validate` */
export function validateConfigs(paths: readonly string[], { json }: { json?: boolean }): void {
  const results = validateFiles(paths);
  if (json) printJson(results);
  else {
    for (const { file, error, hint } of results) {
      const lines = error === undefined ? [`${file}: ok`] : [error, ...(hint ? [`hint: ${hint}`] : [])];
      printText(lines.join('\n'));
    }
  }
  if (results.some(({ error }) => error !== undefined)) process.exitCode = 2;
}

/** `singlepath config show` */
export function showConfig(options: ConfigOptions & { json?: boolean }): void {
  const config = configOf(options);
  if (options.json) printJson(config);
  else process.stdout.write(printConfig(config, { comments: true }));
}

/** `singlepath config schema` */
export function printSchema(): void {
  printJson(configJsonSchema());
}

/** Checks settings, search space and that constraints can be met; folders are searched for YAML files. */
function validateFiles(paths: readonly string[]): ValidatedFile[] {
  const files = paths.flatMap(yamlFiles);
  if (files.length === 0) {
    throw new SinglePathError(
      'INVALID_ARGUMENT',
      `Expected YAML files in ${paths.join(', ')} but found none`,
    );
  }
  return files.map((file) => {
    try {
      const config = loadConfig({ files: [file] });
      const space = openSpace(config.space);
      legalArchitectures(space, config.search.constraints, config.latency);
      samplerOf(space, config);
      return { file };
    } catch (error) {
      if (!(error instanceof SinglePathError)) throw error;
      const message = error.message.startsWith(file) ? error.message : `${file}: ${error.message}`;
      return { file, error: message, ...(error.hint !== undefined && { hint: error.hint }) };
    }
  });
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
