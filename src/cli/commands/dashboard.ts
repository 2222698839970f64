import { Command } from 'commander';
import type { DashboardCommandOptions } from '../actions/dashboard.js';
import { withHelp } from '../common/help.js';
import { wholeNumber } from '../common/options.js';

/** `singlepath dashboard`: runs in a browser, while they go on. */
export function dashboardCommand(): Command {
  const command = new Command('dashboard')
    .description('show runs in a browser while they go on: curves, candidates, progress; read-only')
    .argument('[folder]', 'the folder with the run directories', 'runs')
    .option('-p, --port <number>', 'the port; 0 takes any that is free', wholeNumber, 6061)
    .option(
      '--host <address>',
      'an address of this machine, for others to look too; they need the token in the address that is printed',
      '127.0.0.1',
    )
    .action(async (folder: string, options: DashboardCommandOptions) => {
      const { dashboard } = await import('../actions/dashboard.js');
      await dashboard(folder, options);
    });
  return withHelp(command, {
    examples: [
      ['singlepath dashboard', 'all runs in runs/, at http://127.0.0.1:6061/'],
      ['singlepath dashboard experiments --port 0', 'those of another folder, at a free port'],
    ],
    exitCodes: [],
  });
}
