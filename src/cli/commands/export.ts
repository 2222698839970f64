import { Command } from 'commander';
import { LONG_RUNNING, withHelp } from '../common/help.js';
import { type ConfigOptions, withConfigOptions, withOutputOptions } from '../common/options.js';

export interface ExportCommandOptions extends ConfigOptions {
  out?: string;
  arch?: string;
  json?: boolean;
  quiet?: boolean;
  verbose?: boolean;
  logJson?: boolean;
}

/** `singlepath export`: a network for other programs. */
export function exportCommand(): Command {
  const command = withOutputOptions(
    withConfigOptions(
      new Command('export')
        .description('write TorchScript, safetensors and JSON of a network, after a parity check')
        .argument('<run>', 'run directory of singlepath retrain, or of train with --arch')
        .option('-a, --arch <genes>', 'the path to export with inherited weights, for a supernet')
        .option('-o, --out <folder>', 'where the files go (setting: export.directory)'),
    ),
  ).action(async (run: string, options: ExportCommandOptions) => {
    const { exportNetwork } = await import('../actions/export.js');
    await exportNetwork(run, options);
  });
  return withHelp(command, {
    examples: [['singlepath export runs/network --out network', "loads with Python's torch.jit.load too"]],
    exitCodes: [...LONG_RUNNING],
  });
}
