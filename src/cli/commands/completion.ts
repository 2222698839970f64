import { Argument, Command } from 'commander';
import { completionScript, SHELLS, type Shell } from '../common/completion.js';
import { withHelp } from '../common/help.js';
import { printText } from '../common/output.js';

/** `singlepath completion`: what a shell needs to complete commands and options. */
export function completionCommand(): Command {
  const command = new Command('completion')
    .description('print a script that completes commands and options in your shell')
    .addArgument(new Argument('<shell>', 'your shell').choices(SHELLS))
    .action((shell: Shell) => printText(completionScript(command.parent!, shell).trimEnd()));
  return withHelp(command, {
    examples: [
      ['singlepath completion bash >> ~/.bashrc', 'in every bash from now on'],
      ['singlepath completion zsh > ~/.zfunc/_singlepath', 'in zsh, where ~/.zfunc is in fpath'],
      ['singlepath completion fish > ~/.config/fish/completions/singlepath.fish', 'in fish'],
    ],
    exitCodes: [],
  });
}
