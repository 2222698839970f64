import { Command } from 'commander';
import type { DemoOptions } from '../actions/demo.js';
import { withHelp } from '../common/help.js';
import { EVALUATION_MEMORY, RUN, withOptions } from '../common/options.js';

/** `singlepath demo`: the whole way on real images. */
export function demoCommand(): Command {
  const command = withOptions(
    new Command('demo')
      .description(
        'train, search, retrain and export on Fashion-MNIST, and compare with random networks, in a few minutes',
      )
      .option(
        '--data <path>',
        'use your own images: a folder of class folders, a .tar archive, shards, a .csv or a .spk file',
      ),
    RUN,
    EVALUATION_MEMORY,
  ).action(async (options: DemoOptions) => {
    const { demo } = await import('../actions/demo.js');
    await demo(options);
  });
  return withHelp(command, {
    examples: [
      ['singlepath demo', 'run everything and write it to runs/demo'],
      ['singlepath demo --data photos', 'use your own images, with a space of their classes and size'],
      ['singlepath demo --resume', 'continue where the last demo was stopped'],
      ['singlepath demo --set train.epochs=20 --json', 'train for longer, and print the result for programs'],
    ],
  });
}
