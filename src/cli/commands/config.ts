import { Command } from 'commander';
import type { ValidateOptions } from '../actions/config.js';
import { withHelp } from '../common/help.js';
import { CONFIG, type ConfigOptions, collect, JSON_OUTPUT, withOptions } from '../common/options.js';

/** `singlepath config`: what a configuration may say, and whether one is right. */
export function configCommand(): Command {
  const command = new Command('config').description('check, print and describe configurations');
  withHelp(command, {
    examples: [
      ['singlepath config validate configs/small', 'check every file of a folder'],
      ['singlepath config show', 'print all settings with their defaults, each with a comment'],
    ],
    exitCodes: [],
  });
  return command.addCommand(validateCommand()).addCommand(showCommand()).addCommand(schemaCommand());
}

const actions = () => import('../actions/config.js');

function validateCommand(): Command {
  const command = withOptions(
    new Command('validate')
      .description('check whether configurations can run: settings, space, constraints, sampler, data set')
      .argument('<files...>', 'YAML files, or folders with YAML files')
      .option('-c, --config <file>', 'a YAML file that all of these files build on; repeatable', collect, []),
    JSON_OUTPUT,
  ).action(async (paths: string[], options: ValidateOptions) =>
    (await actions()).validateConfigs(paths, options),
  );
  return withHelp(command, {
    examples: [
      ['singlepath config validate configs/demo.yaml', 'check one file'],
      [
        'singlepath config validate -c configs/recipes/cifar10.yaml configs/spaces/nas-bench-macro.yaml',
        'check a space together with the recipe it is trained with',
      ],
      ['singlepath config validate configs/small my.yaml --json', 'check many files, for programs'],
    ],
    exitCodes: [],
  });
}

function showCommand(): Command {
  const command = withOptions(
    new Command('show').description('print the complete configuration, with defaults and comments'),
    CONFIG,
    JSON_OUTPUT,
  ).action(async (options: ConfigOptions & { json?: boolean }) => (await actions()).showConfig(options));
  return withHelp(command, {
    examples: [
      ['singlepath config show > my.yaml', 'start a configuration of your own'],
      [
        'singlepath config show -c configs/demo.yaml --set train.steps=10',
        'print the settings that a run would use',
      ],
    ],
    exitCodes: [],
  });
}

function schemaCommand(): Command {
  const command = new Command('schema')
    .description('print the JSON Schema of configurations, for editors')
    .action(async () => (await actions()).printSchema());
  return withHelp(command, {
    examples: [
      [
        'singlepath config schema > docs/config.schema.json',
        'write it again after a change of src/config/schema',
      ],
    ],
    exitCodes: [],
  });
}
