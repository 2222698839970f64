import { Command } from 'commander';
import { writeLine } from '../../log/terminal.js';
import { withHelp } from '../common/help.js';
import { JSON_OUTPUT, withOptions } from '../common/options.js';
import { printJson, printText } from '../common/output.js';
import { refuseWithoutEffect } from '../common/withoutEffect.js';

interface BuildCommandOptions {
  installLibtorch?: boolean;
  installSystemPackages?: boolean;
  clean?: boolean;
  json?: boolean;
}

/** `singlepath build`: compiles the addon. */
export function buildCommand(): Command {
  const command = withOptions(
    new Command('build')
      .description('compile the native addon against the libtorch of this machine')
      .option('--install-libtorch', 'install libtorch into the package when none is found')
      .option(
        '--install-system-packages',
        'with --install-libtorch, where pip cannot: as root, install the Debian packages of libtorch',
      )
      .option('--clean', 'delete the build folder first'),
    JSON_OUTPUT,
  ).action(async ({ json, ...options }: BuildCommandOptions) => {
    const { installLibtorch, installSystemPackages } = options;
    if (!installLibtorch)
      refuseWithoutEffect([
        {
          option: '--install-system-packages',
          given: installSystemPackages,
          expected: '--install-libtorch beside',
        },
      ]);
    const { buildAddon } = await import('../../runtime/build.js');
    const result = await buildAddon({ ...options, log: writeLine });
    if (json) printJson('build', result);
    else printText(`built ${result.addon}`);
  });
  return withHelp(command, {
    examples: [
      ['singlepath build', 'compile after an update of libtorch'],
      ['singlepath build --install-libtorch', 'compile on a machine without libtorch'],
    ],
    exitCodes: [3],
  });
}
