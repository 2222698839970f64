import { Command } from 'commander';
import type { RunCommandOptions } from '../actions/run.js';
import { withHelp } from '../common/help.js';
import { DEVICES } from '../common/latencyOptions.js';
import { EVALUATION_MEMORY, RUN, SEARCH, withOptions } from '../common/options.js';

/** `singlepath run`: from a configuration to an exported network. */
export function runCommand(): Command {
  const command = withOptions(
    new Command('run').description(
      'train a supernet, search it, retrain the winner and export it: the whole way in one folder that can be resumed',
    ),
    SEARCH,
    DEVICES,
    RUN,
    EVALUATION_MEMORY,
  ).action(async (options: RunCommandOptions) => {
    const { run } = await import('../actions/run.js');
    await run(options);
  });
  return withHelp(command, {
    examples: [
      ['singlepath run -c configs/demo.yaml -d runs/mine', 'everything, into runs/mine'],
      ['singlepath run -d runs/mine --resume', 'go on where it was stopped, in whichever stage that was'],
      [
        "singlepath run -c my.yaml --constraint 'madds<=60M' --calibrate 18 --finalists 10",
        'with a limit, and with real trainings before and after the search',
      ],
      ['singlepath evaluate runs/mine/network', 'each stage is a run directory of its own'],
    ],
  });
}
