import { type Command, InvalidArgumentError, Option } from 'commander';

/** What the options for settings give; every command that works on a configuration has the first three. */
export interface ConfigOptions {
  config: string[];
  set: string[];
  seed?: number;
  kernels?: string;
  evaluationMemory?: string;
}

/** What the options for the log give. */
export interface LogOptions {
  quiet?: boolean;
  verbose?: boolean;
  logJson?: boolean;
}

/** What the options for output give. */
export interface OutputOptions extends LogOptions {
  json?: boolean;
}

/** What the options of a long work with a run directory give. */
export interface RunOptions extends ConfigOptions, OutputOptions {
  runDir?: string;
  resume?: boolean;
}

/** What the options of a search give. */
export interface SearchOptions {
  constraint: string[];
  score?: string;
  calibrate?: number;
  finalists?: number;
}

/** What the options for a search space given as an argument give. */
export interface SpaceOptions {
  inputSize?: number;
  classes?: number;
  /** `key=value`, the value in YAML. */
  option: string[];
  json?: boolean;
}

/** Options in the order in which the help of a command lists them. */
export type OptionGroup = readonly Option[];

/** Adds groups of options to a command. */
export function withOptions(command: Command, ...groups: readonly OptionGroup[]): Command {
  for (const option of groups.flat()) command.addOption(option);
  return command;
}

const option = (flags: string, description: string): Option => new Option(flags, description);
const repeatable = (flags: string, description: string): Option =>
  new Option(flags, description).argParser(collect).default([]);

export const JSON_OUTPUT: OptionGroup = [option('--json', 'print one JSON document on stdout')];

/** For all commands that work on a configuration. */
export const CONFIG: OptionGroup = [
  repeatable(
    '-c, --config <file>',
    'read settings from a YAML file; repeatable, and a later file wins over an earlier one',
  ),
  repeatable('--set <path=value>', 'override one setting, such as train.steps=100; repeatable'),
  option('--seed <number>', 'the number that decides all randomness (setting: seed)').argParser(wholeNumber),
];

/** For commands that run a network. */
export const KERNELS: OptionGroup = [
  option(
    '--kernels <fused|aten>',
    'compute with our own kernels, or op by op through libtorch (setting: runtime.kernels)',
  ),
];

/** For commands that search. */
export const SEARCH: OptionGroup = [
  repeatable(
    '--constraint <constraint>',
    "a limit such as 'madds<=330M' or 'latency[pi.lut]<=12ms'; repeatable, all of them must hold (setting: search.constraints)",
  ),
  option('--score <supernet|model>', 'what candidates are ranked by (setting: search.score)'),
  option(
    '--calibrate <networks>',
    'before the search, train so many networks for a short time; a score model learns from them (setting: search.calibrate)',
  ).argParser(wholeNumber),
  option(
    '--finalists <networks>',
    'after the search, train so many candidates for a short time; the best one wins (setting: search.finalists)',
  ).argParser(wholeNumber),
];

/** For commands that score many candidates at once. */
export const EVALUATION_MEMORY: OptionGroup = [
  option(
    '--evaluation-memory <size>',
    'the memory for results of layers that several candidates share, such as 512MB or 4GB (setting: evaluate.memory)',
  ),
];

export const LOG: OptionGroup = [
  option('-q, --quiet', 'write only warnings and errors to stderr'),
  option('-v, --verbose', 'write details to stderr').conflicts('quiet'),
  option('--log-json', 'write each line of the log on stderr as a JSON object'),
];

export const OUTPUT: OptionGroup = [...JSON_OUTPUT, ...LOG];

/** For long work that writes a run directory. */
export const RUN: OptionGroup = [
  ...CONFIG,
  ...KERNELS,
  option('-d, --run-dir <folder>', 'the folder for configuration, events, checkpoints and result'),
  option('--resume', 'continue from the last checkpoint in the run directory'),
  ...OUTPUT,
];

/** For commands that take a search space as an argument. */
export const SPACE: OptionGroup = [
  option('--input-size <pixels>', 'height and width of the input images').argParser(positiveNumber),
  option('--classes <number>', 'number of classes').argParser(positiveNumber),
  repeatable('--option <key=value>', 'set a further option of the space, such as channels=1; repeatable'),
  ...JSON_OUTPUT,
];

/** For commands that work on a configuration and are about a search space. */
export const SPACE_SETTINGS: OptionGroup = [
  option(
    '--space <space>',
    'name of a built-in search space, or a YAML file (settings: space.name, space.file)',
  ),
  option('--input-size <pixels>', 'height = width of the input (setting: space.size)').argParser(
    positiveNumber,
  ),
  option('--classes <number>', 'number of classes (setting: space.classes)').argParser(positiveNumber),
  repeatable('--option <key=value>', 'further option of the space; repeatable (setting: space.options)'),
];

/** For options that may be repeated. */
export function collect(value: string, previous: string[]): string[] {
  return [...previous, value];
}

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < 0) {
    throw new InvalidArgumentError('Expected a whole number, 0 or more.');
  }
  return value;
}

export function positiveNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new InvalidArgumentError('Expected a positive whole number.');
  }
  return value;
}

/** Seconds of `90s`, `30m`, `2h` or `1.5d`. */
export function duration(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([smhd])$/.exec(text.trim()) ?? [];
  if (number === undefined || Number(number) === 0) {
    throw new InvalidArgumentError('Expected a time such as 90s, 30m, 2h or 1.5d.');
  }
  return Number(number) * { s: 1, m: 60, h: 3600, d: 86_400 }[unit as 's' | 'm' | 'h' | 'd'];
}
