import { Command } from 'commander';
import type { CostCommandOptions } from '../actions/cost.js';
import { withHelp } from '../common/help.js';
import { collect, SPACE, withOptions } from '../common/options.js';

/** `singlepath cost`: what architectures cost, without libtorch. */
export function costCommand(): Command {
  const command = withOptions(
    new Command('cost')
      .description('print multiply-adds, parameters and other costs of architectures')
      .argument('<space>', 'name of a built-in search space, or a YAML file')
      .option(
        '-a, --arch <genes>',
        'one architecture: its genes, with commas between them; repeatable',
        collect,
        [],
      )
      .option(
        '--archs <file>',
        'JSON file with many architectures: lists of genes, or objects with arch, or with blocks and scale_ids',
      ),
    SPACE,
  ).action(async (space: string, options: CostCommandOptions) => {
    const { cost } = await import('../actions/cost.js');
    await cost(space, options);
  });
  return withHelp(command, {
    examples: [
      [
        'singlepath cost spos-shufflenet-v2 --arch 2,1,0,1,2,0,2,0,2,0,2,3,0,0,0,0,3,2,3,3',
        'print what one architecture costs',
      ],
      ['singlepath cost nas-bench-macro --archs archs.json --json', 'print what many cost, for programs'],
    ],
    exitCodes: [],
  });
}
