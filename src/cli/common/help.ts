import type { Command } from 'commander';

export interface HelpText {
  /** Command lines with what each does. */
  examples: readonly (readonly [command: string, what: string])[];
  /** Exit codes this command can end with beside 0, 1 and 2. */
  exitCodes?: readonly (keyof typeof EXIT_CODES)[];
}

const EXIT_CODES = {
  0: 'done',
  1: 'failure',
  2: 'wrong usage or configuration',
  3: 'the native library or libtorch is missing',
  4: 'no architecture meets the constraints; the message names the smallest possible value',
  5: 'another process of the group is gone, failed or silent',
  129: 'the terminal is gone (SIGHUP)',
  130: 'interrupted (Ctrl-C)',
  143: 'terminated',
};
const RESUMABLE = '; --resume goes on from what was saved';

/** Exit codes of the commands that compute with libtorch and can be interrupted. */
export const LONG_RUNNING = [3, 129, 130, 143] as const;
/** Of those that several processes may share. */
export const SHARED = [3, 5, 129, 130, 143] as const;

/** Examples and exit codes at the end of a command's help. */
export function withHelp(
  command: Command,
  { examples, exitCodes = [3, 4, 129, 130, 143] }: HelpText,
): Command {
  const shown = examples.map(([line, what]) => `  $ ${line}\n      ${what}`);
  const resumable = command.options.some(({ long }) => long === '--resume');
  const codes = ([0, 1, 2, ...exitCodes] as const).map((code) => {
    const more = (code >= 129 || code === 5) && resumable ? RESUMABLE : '';
    return `  ${String(code).padEnd(3)}  ${EXIT_CODES[code]}${more}`;
  });
  return command.addHelpText('after', `\nExamples:\n${shown.join('\n')}\n\nExit codes:\n${codes.join('\n')}`);
}
