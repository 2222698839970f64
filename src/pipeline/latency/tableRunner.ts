import { SinglePathError } from '../../core/errors.js';
import type { Environment } from '../../latency/table.js';
import type { DeviceOptions } from './measureLatency.js';

/**
 * Whose commands may run. A latency table names the one that measured it, but a table is a file, perhaps of someone else, and a
 * command can do all that the user can: what only a file names does not run.
 */
export interface RunnerConsent {
  /** Commands of the user's. */
  runners?: readonly string[] | undefined;
  /** The tables are the user's own: what they name may run. */
  trust?: boolean | undefined;
}

/** What the user can do where {@link refusedRunner} says no. */
export const RUNNER_HINT =
  'a command can do what you can: give it with --runner, or say with --trust that the table is yours';

/** Why the command of a table does not run; undefined where it may. */
export function refusedRunner(
  { runtimeVersion: command }: Environment,
  { runners = [], trust = false }: RunnerConsent,
): string | undefined {
  if (trust || runners.includes(command)) return undefined;
  const others = runners.map((runner) => `'${runner}'`).join(', ');
  const whose = others === '' ? 'which nothing but the table names' : `not with ${others}`;
  return `its table was measured with '${command}', ${whose}`;
}

/**
 * The command that measures for a table: the one that is given, or the table's where that may run. The table's pattern
 * belongs to the table's command.
 *
 * @throws SinglePathError `INVALID_ARGUMENT` where only the table names a command. `path` names the table in errors.
 */
export function runnerFor(
  path: string,
  environment: Environment,
  { agent, runner, runnerPattern, trust }: DeviceOptions & Pick<RunnerConsent, 'trust'>,
): Pick<DeviceOptions, 'runner' | 'runnerPattern'> {
  const { runtime, runtimeVersion: command, runnerPattern: pattern } = environment;
  if (runtime !== 'runner' || agent !== undefined) return { runner, runnerPattern };
  const refused = runner === undefined ? refusedRunner(environment, { trust }) : undefined;
  if (refused !== undefined) {
    throw new SinglePathError(
      'INVALID_ARGUMENT',
      `Expected --runner COMMAND or --trust for '${path}': ${refused}`,
      { hint: RUNNER_HINT },
    );
  }
  const chosen = runner ?? command;
  return { runner: chosen, runnerPattern: runnerPattern ?? (chosen === command ? pattern : undefined) };
}
