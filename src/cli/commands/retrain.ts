import { Command, Option } from 'commander';
import type { RetrainCommandOptions } from '../actions/retrain.js';
import { SHARED, withHelp } from '../common/help.js';
import { RUN, withOptions } from '../common/options.js';

/** `singlepath retrain`: trains one architecture from scratch. */
export function retrainCommand(): Command {
  const command = withOptions(
    new Command('retrain')
      .description('train one architecture from scratch')
      .option('--search <folder>', 'take the best architecture of a search; its run directory')
      .option(
        '--from <run>',
        'begin with the weights of another run, also for another number of classes; optimizer and schedule begin anew',
      )
      .addOption(
        new Option(
          '--init <supernet|path>',
          "begin with the weights inherited from the supernet of --search, or with those of a supernet's run, a network's run or a safetensors file",
        ).conflicts('from'),
      )
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
      [
        'singlepath retrain --search runs/search --init supernet -d runs/network',
        'train the winner, beginning with the weights it has in the supernet',
      ],
      [
        'singlepath retrain --from runs/network --set space.classes=37 --set data.kind=image-folder --set data.path=pets -d runs/pets',
        'use a trained network for other classes: its head is new',
      ],
    ],
    exitCodes: [...SHARED],
  });
}
