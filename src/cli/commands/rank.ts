import { Command } from 'commander';
import type { RankCommandOptions } from '../actions/rank.js';
import { LONG_RUNNING, withHelp } from '../common/help.js';
import {
  CONFIG,
  EVALUATION_MEMORY,
  KERNELS,
  OUTPUT,
  positiveNumber,
  withOptions,
} from '../common/options.js';

/** `singlepath rank`: how well a supernet orders architectures whose accuracy is known. */
export function rankCommand(): Command {
  const command = withOptions(
    new Command('rank')
      .description('measure how well a supernet ranks architectures whose true accuracies are known')
      .requiredOption('--supernet <folder>', 'run directory of a supernet (singlepath train)')
      .requiredOption('--truth <file>', 'JSON file of true accuracies, also in the format of NAS-Bench-Macro')
      .option(
        '--sample <number>',
        'score only so many of the architectures, which are drawn at random',
        positiveNumber,
      ),
    CONFIG,
    KERNELS,
    EVALUATION_MEMORY,
    OUTPUT,
  ).action(async (options: RankCommandOptions) => {
    const { rank } = await import('../actions/rank.js');
    await rank(options);
  });
  return withHelp(command, {
    examples: [
      [
        'singlepath rank --supernet runs/macro --truth nas-bench-macro_cifar10.json --sample 500',
        'score 500 of the 6,561 architectures',
      ],
    ],
    exitCodes: [...LONG_RUNNING],
  });
}
