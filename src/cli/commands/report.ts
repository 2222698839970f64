import { Command } from 'commander';
import type { PlotCommandOptions, ReportCommandOptions } from '../actions/report.js';
import { withHelp } from '../common/help.js';
import { JSON_OUTPUT, positiveNumber, withOptions } from '../common/options.js';

const RANKING = '--ranking <file>';
const RANKING_TEXT = 'what singlepath rank --json printed, to be shown too';

/** `singlepath report`: runs as a page for people. */
export function reportCommand(): Command {
  const command = withOptions(
    new Command('report')
      .description('write one HTML file about a run, or about a chain of supernet, search and networks')
      .argument('<runs...>', 'run directories, or folders that hold some, such as runs/demo')
      .option('-o, --out <file>', 'the file to write', 'report.html')
      .option(RANKING, RANKING_TEXT),
    JSON_OUTPUT,
  ).action(async (runs: string[], options: ReportCommandOptions) => {
    const { report } = await import('../actions/report.js');
    await report(runs, options);
  });
  return withHelp(command, {
    examples: [
      ['singlepath report runs/demo', 'report everything that the demo did, in report.html'],
      ['singlepath report runs/search --out search.html', 'report a search and the supernet that it used'],
      [
        'singlepath report runs/supernet runs/search runs/network',
        'report a chain of runs, named one by one',
      ],
    ],
    exitCodes: [],
  });
}

/** `singlepath plot`: one drawing of a report. */
export function plotCommand(): Command {
  const command = withOptions(
    new Command('plot')
      .description('write one plot of a run as SVG, for a README or a paper')
      .argument(
        '<plot>',
        'pareto, progress, choices, architecture, supernet, networks, validation, agreement or latency',
      )
      .argument('<runs...>', 'run directories, or folders that hold some')
      .requiredOption('-o, --out <file>', 'the file to write')
      .option('--width <pixels>', 'width of the plot', positiveNumber, 720)
      .option(RANKING, RANKING_TEXT),
    JSON_OUTPUT,
  ).action(async (name: string, runs: string[], options: PlotCommandOptions) => {
    const { plot } = await import('../actions/report.js');
    await plot(name, runs, options);
  });
  return withHelp(command, {
    examples: [
      ['singlepath plot pareto runs/demo --out pareto.svg', 'draw accuracy over cost of all candidates'],
      [
        'singlepath plot architecture runs/search --out network.svg',
        'draw the layers of the network that was found',
      ],
    ],
    exitCodes: [],
  });
}
