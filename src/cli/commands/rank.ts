import { Command } from 'commander';
import type { RankCommandOptions } from '../actions/rank.js';
import { SHARED, withHelp } from '../common/help.js';
import {
  CONFIG,
  collect,
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
      .description(
        'compare how well a supernet, and scores that need no training, rank architectures of known accuracy',
      )
      .option(
        '--supernet <folder>',
        'run directory of a supernet (singlepath train); without it only scores that need no training are compared',
      )
      .requiredOption('--truth <file>', 'JSON file of true accuracies, also in the format of NAS-Bench-Macro')
      .option(
        '--search <folder>',
        'run directory of a search with --calibrate on this supernet, whose score model is ranked too',
      )
      .option(
        '--sample <number>',
        'score only so many of the architectures, which are drawn at random',
        positiveNumber,
      )
      .option(
        '--average-equivalents',
        'average scores over architectures that are the same network (an identity moved inside its stage)',
      )
      .option(
        '--cap <constraint>',
        "report under this limit how much accuracy the best scored network loses (its regret), such as 'madds<=60M'; repeatable; without it four limits are taken",
        collect,
        [],
      )
      .option(
        '--top <number>',
        'also report the regret of the best of so many networks, as if they were all trained; 10 if not given',
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
        'score 500 of the 3,969 different networks',
      ],
      [
        "singlepath rank --supernet runs/macro --truth truth.json --cap 'madds<=50M' --cap 'madds<=70M' --json",
        'report the regret under two limits, as JSON that has every network with all its scores',
      ],
    ],
    exitCodes: [...SHARED],
  });
}
