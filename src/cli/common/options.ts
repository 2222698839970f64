import { type Command, InvalidArgumentError, Option } from 'commander';

/** Options that stand for settings; every command that works on a configuration has the first three. */
export interface ConfigOptions {
  config: string[];
  set: string[];
  seed?: number;
  kernels?: string;
  evaluationMemory?: string;
}

/** Options of every command that runs for long. */
export interface RunOptions extends ConfigOptions {
  runDir?: string;
  resume?: boolean;
  json?: boolean;
  quiet?: boolean;
  verbose?: boolean;
  logJson?: boolean;
}

export function withConfigOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', 'YAML configuration; may be repeated, later files win', collect, [])
    .option('--set <path=value>', 'override one setting, such as train.steps=100; repeatable', collect, [])
    .option('--seed <number>', 'decides all randomness (setting: seed)', wholeNumber);
}

/** For commands that run a network. */
export function withKernels(command: Command): Command {
  return command.option(
    '--kernels <fused|aten>',
    'fused CPU kernels, or op by op through libtorch (setting: runtime.kernels)',
  );
}

/** For commands that score many candidates at once. */
export function withEvaluationMemory(command: Command): Command {
  return command.option(
    '--evaluation-memory <size>',
    'what prefixes shared between candidates may take, such as 512MB or 4GB (setting: evaluate.memory)',
  );
}

export function withOutputOptions(command: Command): Command {
  return command
    .option('--json', 'print one JSON document on stdout')
    .option('-q, --quiet', 'only warnings and errors on stderr')
    .addOption(new Option('-v, --verbose', 'details on stderr').conflicts('quiet'))
    .option('--log-json', 'the log on stderr as one JSON object a line');
}

export function withRunOptions(command: Command): Command {
  withKernels(withConfigOptions(command))
    .option('-d, --run-dir <folder>', 'where configuration, events, checkpoints and result go')
    .option('--resume', 'go on from the last checkpoint in the run directory');
  return withOutputOptions(command);
}

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
