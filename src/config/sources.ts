import { checkArguments } from '../core/check.js';
import { SinglePathError } from '../core/errors.js';
import { readWrittenText } from '../core/text.js';
import { type ConfigPath, describeProblem, treeProblem } from './plain.js';
import { parseYaml } from './yaml.js';

/**
 * One source of settings: a file, a `--set` option, the configuration of an earlier run. Later sources win; each
 * can say where a value came from, so that errors point at the line to edit.
 */
export interface ConfigSource {
  value: Record<string, unknown>;
  /** `file.yaml:3:7` or `--set a.b=c`; undefined where the source has nothing at `path`. Of [], a file says its first line. */
  locate(path: ConfigPath, part: 'key' | 'value'): string | undefined;
}

/** Reads a YAML file. @throws SinglePathError `IO`, or `INVALID_CONFIG` with file:line:column. */
export function fileSource(path: string, what = 'configuration file'): ConfigSource {
  checkArguments('fileSource()', { path });
  let text: string;
  try {
    text = readWrittenText(path);
  } catch (error) {
    if (!(error instanceof SinglePathError) || error.code !== 'IO') throw error;
    throw new SinglePathError('INVALID_CONFIG', `Expected a readable ${what} at '${path}'`, {
      cause: error,
      hint: (error.cause as Error).message,
    });
  }
  return yamlSource(text, path);
}

/** Parses YAML text; `name` stands for it in errors. */
export function yamlSource(text: string, name: string): ConfigSource {
  const { value, locate } = parseYaml(text, name);
  if (value !== null && !isMapping(value)) {
    throw new SinglePathError(
      'INVALID_CONFIG',
      `${locate([], 'value')}: Expected a mapping of sections at the top level`,
    );
  }
  return { value: value ?? {}, locate };
}

/** `a.b=value`, the value in YAML: `train.steps=100`, `search.constraints=[madds<=12M]`. */
export function setSource(option: string): ConfigSource {
  checkArguments('setSource()', { text: option });
  const equals = option.indexOf('=');
  const path = equals < 0 ? [] : option.slice(0, equals).trim().split('.');
  if (path.length === 0 || path.some((part) => part === '')) {
    throw new SinglePathError('INVALID_CONFIG', `Expected path=value for --set but received '${option}'`, {
      hint: 'for example --set train.steps=100',
    });
  }
  const name = `--set ${option}`;
  const { value } = parseYaml(option.slice(equals + 1), name, { isFile: false });
  return valueSource(path, value, name);
}

/** One value under one path, from an option of the command line. */
export function valueSource(path: readonly string[], value: unknown, name: string): ConfigSource {
  const root = path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as Record<
    string,
    unknown
  >;
  const source: ConfigSource = {
    value: root,
    locate(wanted) {
      if (wanted.length === 0) return undefined; // it does not hold everything
      return path.every((key, i) => i >= wanted.length || wanted[i] === key) ? name : undefined;
    },
  };
  return checked(source, name);
}

/**
 * A whole configuration or space as an object, such as the resolved one of the run a search builds on.
 *
 * @throws SinglePathError `INVALID_CONFIG` where it is no tree of plain data.
 */
export function objectSource(value: object, name: string): ConfigSource {
  return checked({ value: value as Record<string, unknown>, locate: () => name }, name);
}

function checked(source: ConfigSource, name: string): ConfigSource {
  const problem = treeProblem(source.value);
  if (problem === undefined) return source;
  throw new SinglePathError('INVALID_CONFIG', `${name}: ${describeProblem(problem)}`);
}

/** Settings of which a later source's choice displaces the other one of an earlier source. */
const ALTERNATIVES = [
  ['steps', 'epochs'],
  ['name', 'file'],
  ['heldOut', 'heldOutPerClass'],
] as const;

/** Later sources win; mappings merge, everything else is replaced. */
export function mergeSources(sources: readonly ConfigSource[]): Record<string, unknown> {
  return sources.reduce<Record<string, unknown>>((merged, source) => merge(merged, source.value), {});
}

function merge(base: Record<string, unknown>, top: Record<string, unknown>): Record<string, unknown> {
  const merged = { ...base };
  for (const [a, b] of ALTERNATIVES) {
    if (chosen(top, a) !== chosen(top, b)) delete merged[chosen(top, a) ? b : a];
  }
  for (const [key, value] of Object.entries(top)) {
    const below = merged[key];
    merged[key] = isMapping(below) && isMapping(value) ? merge(below, value) : value;
  }
  return merged;
}

/** Null takes a choice back, so it displaces nothing. */
function chosen(source: Record<string, unknown>, key: string): boolean {
  return source[key] !== undefined && source[key] !== null;
}

export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
