import { Command } from 'commander';
import { withHelp } from '../common/help.js';
import { type ConfigOptions, withConfigOptions } from '../common/options.js';
import { printJson, printText } from '../common/output.js';

/** `singlepath config`: what a configuration may say, and whether one is right. */
export function configCommand(): Command {
  const command = new Command('config').description('check, print and describe configurations');
  withHelp(command, {
    examples: [
      ['singlepath config validate configs', 'check every file of a folder'],
      ['singlepath config show', 'all settings with their defaults and a comment each'],
    ],
    exitCodes: [],
  });
  return command.addCommand(validateCommand()).addCommand(showCommand()).addCommand(schemaCommand());
}

function validateCommand(): Command {
  const command = new Command('validate')
    .description('check files: settings, search space, constraints')
    .argument('<files...>', 'YAML files, or folders that are searched for them')
    .option('--json', 'print one JSON document on stdout')
    .action(async (paths: string[], options: { json?: boolean }) => {
      const { validateConfigFiles } = await import('../actions/config.js');
      const results = validateConfigFiles(paths);
      const wrong = results.filter(({ error }) => error !== undefined);
      if (options.json) printJson(results);
      else {
        for (const { file, error, hint } of results) {
          const lines = error === undefined ? [`${file}: ok`] : [error, ...(hint ? [`hint: ${hint}`] : [])];
          printText(lines.join('\n'));
        }
      }
      if (wrong.length > 0) process.exitCode = 2;
    });
  return withHelp(command, {
    examples: [
      ['singlepath config validate configs/demo.yaml', 'check one file'],
      ['singlepath config validate configs my.yaml --json', 'check many, for programs'],
    ],
    exitCodes: [],
  });
}

function showCommand(): Command {
  const command = withConfigOptions(new Command('show'))
    .description('print the complete configuration, defaults and comments included')
    .option('--json', 'print one JSON document on stdout')
    .action(async (options: ConfigOptions & { json?: boolean }) => {
      const [{ configOf }, { printConfig }] = await Promise.all([
        import('../common/configOf.js'),
        import('../../config/print.js'),
      ]);
      const config = configOf(options);
      if (options.json) printJson(config);
      else process.stdout.write(printConfig(config, { comments: true }));
    });
  return withHelp(command, {
    examples: [
      ['singlepath config show > my.yaml', 'start a configuration of your own'],
      ['singlepath config show -c configs/demo.yaml --set train.steps=10', 'what a run would use'],
    ],
    exitCodes: [],
  });
}

function schemaCommand(): Command {
  const command = new Command('schema')
    .description('print the JSON Schema of configurations, for editors')
    .action(async () => {
      const { configJsonSchema } = await import('../../config/schema/config.js');
      printJson(configJsonSchema());
    });
  return withHelp(command, {
    examples: [['singlepath config schema > docs/config.schema.json', 'after a change of src/config/schema']],
    exitCodes: [],
  });
}
