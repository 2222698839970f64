import { Command } from 'commander';
import type { SpaceStatsOptions } from '../actions/space.js';
import { withHelp } from '../common/help.js';
import { collect, JSON_OUTPUT, SPACE, type SpaceOptions, withOptions } from '../common/options.js';

/** `singlepath space`: what can be searched, without libtorch. */
export function spaceCommand(): Command {
  const command = new Command('space').description('list, show, measure and check search spaces');
  withHelp(command, {
    examples: [
      ['singlepath space list', 'list the built-in spaces'],
      ['singlepath space show nas-bench-macro', 'show the layers of one space and their choices'],
    ],
    exitCodes: [],
  });

  const list = withOptions(
    new Command('list').description('list the built-in search spaces'),
    JSON_OUTPUT,
  ).action(async (options: { json?: boolean }) => (await actions()).listSpace(options));
  const show = withSpace(
    new Command('show').description('print the layers of a space and their choices as a table'),
  ).action(async (space: string, options: SpaceOptions) => (await actions()).showSpace(space, options));
  const stats = withSpace(
    new Command('stats').description(
      'print the size of a space, and smallest, largest, mean and quantiles of its costs',
    ),
  )
    .option(
      '--constraint <constraint>',
      "also count the architectures that meet it, such as 'madds<=330M' or 'latency[pi.lut]<=12ms'; repeatable, all must hold",
      collect,
      [],
    )
    .option('--table <file>', 'also the latencies of a lookup table; repeatable', collect, [])
    .action(async (space: string, options: SpaceStatsOptions) =>
      (await actions()).spaceStats(space, options),
    );
  const validate = withOptions(
    new Command('validate')
      .description('check the YAML files of your own search spaces')
      .argument('<files...>', 'YAML files'),
    JSON_OUTPUT,
  ).action(async (files: string[], options: { json?: boolean }) =>
    (await actions()).validateSpaces(files, options),
  );
  return command
    .addCommand(
      withHelp(list, {
        examples: [['singlepath space list --json', 'list them for programs']],
        exitCodes: [],
      }),
    )
    .addCommand(
      withHelp(show, {
        examples: [
          ['singlepath space show spos-shufflenet-v2', 'print one row for each layer'],
          ['singlepath space show my-space.yaml --json', 'print the space as data'],
        ],
        exitCodes: [],
      }),
    )
    .addCommand(
      withHelp(stats, {
        examples: [
          [
            'singlepath space stats spos-shufflenet-v2 --input-size 160',
            'measure the space at another input size',
          ],
          [
            "singlepath space stats fbnet --constraint 'madds<=300M' --constraint 'params<=5M'",
            'count the architectures that meet both constraints',
          ],
        ],
        exitCodes: [4],
      }),
    )
    .addCommand(
      withHelp(validate, {
        examples: [
          [
            'singlepath space validate my-space.yaml',
            'print file, line and column of everything that is wrong',
          ],
        ],
        exitCodes: [],
      }),
    );
}

const actions = () => import('../actions/space.js');

function withSpace(command: Command): Command {
  return withOptions(command.argument('<space>', 'name of a built-in search space, or a YAML file'), SPACE);
}
