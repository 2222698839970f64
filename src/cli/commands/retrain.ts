import { Command } from 'commander';
import type { RetrainCommandOptions } from '../actions/retrain.js';
import { LONG_RUNNING, withHelp } from '../common/help.js';
import { RUN, withOptions } from '../common/options.js';

/** `singlepath retrain`: trains one architecture from scratch. */
export function retrainCommand(): Command {
  const command = withOptions(
    new Command('retrain')
      .description('train one architecture from scratch')
      .option('--search <folder>', 'run directory of singlepath search: its best architecture')
      .option('--from <run>', 'begin with the weights of another run; optimizer and schedule begin anew')
      .option('-a, --arch <genes>', 'an architecture of your own: genes with commas between'),
    RUN,
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
