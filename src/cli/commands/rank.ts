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
      .description("compare a supernet's scores with true accuracies: rank correlations and regret")
      .requiredOption('--supernet <folder>', 'run directory of singlepath train')
      .requiredOption('--truth <file>', 'JSON of true accuracies; the NAS-Bench-Macro format too')
      .option(
        '--sample <number>',
        'score only this many of the architectures, drawn at random',
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
        '500 of 6,561',
      ],
    ],
    exitCodes: [...LONG_RUNNING],
  });
}
