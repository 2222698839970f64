import { Command } from 'commander';
import type { TrainCommandOptions } from '../actions/train.js';
import { SHARED, withHelp } from '../common/help.js';
import { RUN, withOptions } from '../common/options.js';

/** `singlepath train`: trains a supernet. */
export function trainCommand(): Command {
  const command = withOptions(
    new Command('train')
      .description('train a supernet: every step trains one path')
      .option('--from <run>', 'begin with the weights of another run; optimizer and schedule begin anew'),
    RUN,
  ).action(async (options: TrainCommandOptions) => {
    const { train } = await import('../actions/train.js');
    await train(options);
  });
  return withHelp(command, {
    examples: [
      ['singlepath train -c configs/demo.yaml --run-dir runs/supernet', 'train a supernet'],
      ['singlepath train --run-dir runs/supernet --resume', 'continue after Ctrl-C; the result is identical'],
      [
        'singlepath train --from runs/supernet --set train.epochs=4 -d runs/longer',
        'train a finished supernet on',
      ],
      ['singlepath train -c configs/demo.yaml --set train.steps=100 --kernels aten', 'override settings'],
    ],
    exitCodes: [...SHARED],
  });
}
