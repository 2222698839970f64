import { Command } from 'commander';
import { LONG_RUNNING, withHelp } from '../common/help.js';
import { RUN, type RunOptions, withOptions } from '../common/options.js';

/** `singlepath train`: trains a supernet. */
export function trainCommand(): Command {
  const command = withOptions(
    new Command('train').description('train a supernet, one path a step'),
    RUN,
  ).action(async (options: RunOptions) => {
    const { train } = await import('../actions/train.js');
    await train(options);
  });
  return withHelp(command, {
    examples: [
      ['singlepath train -c configs/demo.yaml --run-dir runs/supernet', 'train'],
      ['singlepath train --run-dir runs/supernet --resume', 'go on after Ctrl-C, to the identical result'],
      ['singlepath train -c configs/demo.yaml --set train.steps=100 --kernels aten', 'override settings'],
    ],
    exitCodes: [...LONG_RUNNING],
  });
}
