import { Command } from 'commander';
import { LONG_RUNNING, withHelp } from '../common/help.js';
import { type RunOptions, withRunOptions } from '../common/options.js';

export interface RetrainCommandOptions extends RunOptions {
  search?: string;
  arch?: string;
}

/** `singlepath retrain`: trains one architecture from scratch. */
export function retrainCommand(): Command {
  const command = withRunOptions(
    new Command('retrain')
      .description('train one architecture from scratch')
      .option('--search <folder>', 'run directory of singlepath search: its best architecture')
      .option('-a, --arch <genes>', 'an architecture of your own: genes with commas between'),
  ).action(async (options: RetrainCommandOptions) => {
    const { retrain } = await import('../actions/retrain.js');
    await retrain(options);
  });
  return withHelp(command, {
    examples: [
      ['singlepath retrain --search runs/search --run-dir runs/network', 'the winner of a search'],
      ['singlepath retrain -c configs/demo.yaml --arch 0,1,2,3,0,1,2,3 -d runs/network', 'any architecture'],
    ],
    exitCodes: [...LONG_RUNNING],
  });
}
