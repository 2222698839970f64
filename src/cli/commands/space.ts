import { Command } from 'commander';
import type { SpaceStatsOptions } from '../actions/space.js';
import { withHelp } from '../common/help.js';
import { collect, JSON_OUTPUT, SPACE, type SpaceOptions, withOptions } from '../common/options.js';

/** `singlepath space`: what can be searched, without libtorch. */
export function spaceCommand(): Command {
  const command = new Command('space').description('list, show, measure and check search spaces');
  withHelp(command, {
    examples: [
      ['singlepath space list', 'the built-in spaces'],
      ['singlepath space show nas-bench-macro', 'its layers and choices'],
    ],
    exitCodes: [],
  });

  const list = withOptions(new Command('list').description('the built-in search spaces'), JSON_OUTPUT).action(
    async (options: { json?: boolean }) => (await actions()).listSpace(options),
  );
  const show = withSpace(new Command('show').description('layers and choices of a space, as a table')).action(
    async (space: string, options: SpaceOptions) => (await actions()).showSpace(space, options),
  );
  const stats = withSpace(
    new Command('stats').description(
      'size of a space, and smallest, largest, mean and quantiles of its costs',
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
      .description('check search spaces of your own')
      .argument('<files...>', 'YAML files'),
    JSON_OUTPUT,
  ).action(async (files: string[], options: { json?: boolean }) =>
    (await actions()).validateSpaces(files, options),
  );
  return command
    .addCommand(
      withHelp(list, { examples: [['singlepath space list --json', 'for programs']], exitCodes: [] }),
    )
    .addCommand(
      withHelp(show, {
        examples: [
          ['singlepath space show spos-shufflenet-v2', 'one row a layer'],
          ['singlepath space show my-space.yaml --json', 'the space as data'],
        ],
        exitCodes: [],
      }),
    )
    .addCommand(
      withHelp(stats, {
        examples: [
          ['singlepath space stats spos-shufflenet-v2 --input-size 160', 'at another input size'],
          [
            "singlepath space stats fbnet --constraint 'madds<=300M' --constraint 'params<=5M'",
            'how many meet both',
          ],
        ],
        exitCodes: [4],
      }),
    )
    .addCommand(
      withHelp(validate, {
        examples: [
          ['singlepath space validate my-space.yaml', 'says file, line and column of what is wrong'],
        ],
        exitCodes: [],
      }),
    );
}

const actions = () => import('../actions/space.js');

function withSpace(command: Command): Command {
  return withOptions(command.argument('<space>', 'name of a built-in search space, or a YAML file'), SPACE);
}
