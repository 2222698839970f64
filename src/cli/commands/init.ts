import { Command } from 'commander';
import type { InitOptions } from '../actions/init.js';
import { LONG_RUNNING, withHelp } from '../common/help.js';
import { collect, duration } from '../common/options.js';

/** `singlepath init`: a first configuration for a user's images. */
export function initCommand(): Command {
  const command = new Command('init')
    .description('write a configuration for your images; without --data it asks')
    .argument('[file]', 'the file to write', 'singlepath.yaml')
    .option(
      '--data <path>',
      'your images: a folder of class folders, a .tar archive, shards, a .csv or a .spk file',
    )
    .option('--space <name>', 'a built-in search space; by default one for the size of the images')
    .option('--device <device>', 'cpu, cuda or cuda:N', 'cpu')
    .option(
      '--budget <time>',
      'how long everything may take on this machine, such as 30m or 8h: some steps are timed',
      duration,
    )
    .option('--constraint <constraint>', "a limit such as 'madds<=60M'; repeatable", collect, [])
    .option('--force', 'replace a file that is there')
    .action(async (file: string, options: InitOptions) => {
      const { init } = await import('../actions/init.js');
      await init(file, options);
    });
  return withHelp(command, {
    examples: [
      ['singlepath init', 'ask, and write singlepath.yaml'],
      ['singlepath init flowers.yaml --data photos/flowers --budget 2h', 'without questions'],
    ],
    exitCodes: [...LONG_RUNNING],
  });
}
