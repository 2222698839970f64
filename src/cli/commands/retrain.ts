import { Command } from 'commander';
import type { RetrainCommandOptions } from '../actions/retrain.js';
import { SHARED, withHelp } from '../common/help.js';
import { RUN, withOptions } from '../common/options.js';

/** `singlepath retrain`: trains one architecture from scratch. */
export function retrainCommand(): Command {
  const command = withOptions(
    new Command('retrain')
      .description('train one architecture from scratch')
      .option('--search <folder>', 'take the best architecture of a search; its run directory')
      .option('--from <run>', 'begin with the weights of another run; optimizer and schedule begin anew')
      .option('-a, --arch <genes>', 'train this architecture: its genes, with commas between them'),
    RUN,
  ).action(async (options: RetrainCommandOptions) => {
    const { retrain } = await import('../actions/retrain.js');
    await retrain(options);
  });
  return withHelp(command, {
    examples: [
      ['singlepath retrain --search runs/search --run-dir runs/network', 'train the winner of a search'],
      [
        'singlepath retrain -c configs/demo.yaml --arch 0,1,2,3,0,1,2,3 -d runs/network',
        'train any architecture',
      ],
    ],
    exitCodes: [...SHARED],
  });
}
