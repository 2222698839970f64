import { Command } from 'commander';
import { withHelp } from '../common/help.js';
import { EVALUATION_MEMORY, RUN, type RunOptions, withOptions } from '../common/options.js';

/** `singlepath demo`: the whole way on real images. */
export function demoCommand(): Command {
  const command = withOptions(
    new Command('demo').description(
      'supernet, search, random baseline, retrain and export on Fashion-MNIST, in a few minutes',
    ),
    RUN,
    EVALUATION_MEMORY,
  ).action(async (options: RunOptions) => {
    const { demo } = await import('../actions/demo.js');
    await demo(options);
  });
  return withHelp(command, {
    examples: [
      ['singlepath demo', 'everything in runs/demo'],
      ['singlepath demo --resume', 'go on where it was stopped'],
      ['singlepath demo --set train.epochs=20 --json', 'longer, result for programs'],
    ],
  });
}
