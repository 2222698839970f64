import { Command } from 'commander';
import { withHelp } from '../common/help.js';
import { JSON_OUTPUT, withOptions } from '../common/options.js';
import { printJson, printText } from '../common/output.js';

/** `singlepath doctor`: what a bug report asks for. */
export function doctorCommand(): Command {
  const command = withOptions(
    new Command('doctor').description(
      'print what a bug report needs: versions, libtorch, devices, threads, CPU features, data sets',
    ),
    JSON_OUTPUT,
  ).action(async ({ json }: { json?: boolean }) => {
    const { doctorReport, formatDoctor } = await import('../../runtime/doctor.js');
    const { datasetLocations } = await import('../../data/kinds/index.js');
    const report = await doctorReport({ datasets: datasetLocations() });
    if (json) printJson('doctor', report);
    else printText(formatDoctor(report));
    if (!report.ok) process.exitCode = 3;
  });
  return withHelp(command, {
    examples: [['singlepath doctor --json > report.json', 'write a file to attach to a bug report']],
    exitCodes: [3],
  });
}
