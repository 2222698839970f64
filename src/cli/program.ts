import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError, Help } from 'commander';
import { exitCodeOf, SinglePathError } from '../core/errors.js';
import { packageRoot } from '../core/packageRoot.js';
import { writeLine } from '../log/terminal.js';
import { agentCommand } from './commands/agent.js';
import { buildCommand } from './commands/build.js';
import { completionCommand } from './commands/completion.js';
import { configCommand } from './commands/config.js';
import { costCommand } from './commands/cost.js';
import { dashboardCommand } from './commands/dashboard.js';
import { dataCommand } from './commands/data.js';
import { demoCommand } from './commands/demo.js';
import { doctorCommand } from './commands/doctor.js';
import { evaluateCommand } from './commands/evaluate.js';
import { exportCommand } from './commands/export.js';
import { initCommand } from './commands/init.js';
import { latencyCommand } from './commands/latency.js';
import { rankCommand } from './commands/rank.js';
import { plotCommand, reportCommand } from './commands/report.js';
import { retrainCommand } from './commands/retrain.js';
import { runCommand } from './commands/run.js';
import { searchCommand } from './commands/search.js';
import { spaceCommand } from './commands/space.js';
import { trainCommand } from './commands/train.js';
import { refuseRanks } from './common/alone.js';
import { withHelp } from './common/help.js';
import type { JsonError } from './common/jsonOutput.js';
import { printJson } from './common/output.js';
import { stoppedBy } from './common/signals.js';

/**
 * The command line as a tree of commands. Only their options are loaded here; what a command does is imported when
 * it runs, so `--help` and the pure commands never touch libtorch.
 */
export function createProgram(): Command {
  const program = new Command('singlepath')
    .description('Single Path One-Shot neural architecture search on libtorch')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpCommand('help [command]', 'print the help of a command')
    .configureHelp({
      // Repeatable options start as an empty list, which is no news.
      optionDescription: (option) =>
        Array.isArray(option.defaultValue) ? option.description : new Help().optionDescription(option),
    })
    .showHelpAfterError("('singlepath <command> --help' shows options and examples)");
  withHelp(program, {
    examples: [
      ['singlepath demo', 'train, search, retrain and export in a few minutes'],
      ['singlepath train --config configs/demo.yaml --run-dir runs/supernet', 'train a supernet'],
      [
        "singlepath search --supernet runs/supernet --constraint 'madds<=4.6M'",
        'search with the weights of that supernet',
      ],
      [
        'singlepath cost spos-shufflenet-v2 --arch 0,0,3,1,1,1,0,0,2,0,2,1,1,0,2,0,2,1,3,2',
        'print the multiply-adds and parameters of an architecture',
      ],
    ],
    exitCodes: [3, 4, 5, 129, 130, 143],
  });
  // In the order in which a user meets them.
  const groups: Record<string, Command[]> = {
    'Start:': [demoCommand(), initCommand(), runCommand()],
    'Step by step:': [trainCommand(), searchCommand(), retrainCommand(), evaluateCommand(), exportCommand()],
    'Look at runs:': [reportCommand(), plotCommand(), dashboardCommand(), rankCommand()],
    'Data, spaces, costs and latency:': [
      ...[dataCommand(), spaceCommand(), costCommand(), configCommand()],
      ...[latencyCommand(), agentCommand()],
    ],
    'Set up:': [doctorCommand(), buildCommand(), completionCommand()],
  };
  for (const [heading, commands] of Object.entries(groups)) {
    for (const command of commands) program.addCommand(command.helpGroup(heading));
  }
  program.hook('preAction', (_, command) => refuseRanks(command));
  everyCommand(program, (command) => {
    command.exitOverride().copyInheritedSettings(program);
  });
  return program;
}

/** Runs the command line and returns its exit code (README, exit codes). */
export async function runCli(args: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync(args, { from: 'user' });
    return process.exitCode === undefined ? 0 : Number(process.exitCode);
  } catch (error) {
    // commander has printed its own message already: usage errors are exit code 2, --help and --version are none.
    const usage = error instanceof CommanderError;
    if (usage && error.exitCode === 0) return 0;
    if (args.includes('--json')) printJson('error', { error: errorDocument(error) });
    if (usage) return 2;
    writeLine(describe(error));
    return stoppedBy() ?? exitCodeOf(error);
  }
}

/** An error as programs read it. */
function errorDocument(error: unknown): JsonError['error'] {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof CommanderError)
    return { code: 'INVALID_ARGUMENT', message: message.replace(/^error: /, '') };
  if (!(error instanceof SinglePathError)) return { code: 'INTERNAL', message };
  return { code: error.code, message, ...(error.hint !== undefined && { hint: error.hint }) };
}

/** What went wrong in one or two lines; the stack only of what singlepath did not expect. */
function describe(error: unknown): string {
  if (error instanceof SinglePathError) {
    return `error: ${error.message}${error.hint === undefined ? '' : `\nhint: ${error.hint}`}`;
  }
  return `error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

function everyCommand(command: Command, visit: (command: Command) => void): void {
  visit(command);
  for (const child of command.commands) everyCommand(child, visit);
}

function packageVersion(): string {
  const text = readFileSync(join(packageRoot(), 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
