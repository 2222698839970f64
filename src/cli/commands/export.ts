import { Command } from 'commander';
import type { ExportCommandOptions } from '../actions/export.js';
import { LONG_RUNNING, withHelp } from '../common/help.js';
import { CONFIG, OUTPUT, withOptions } from '../common/options.js';

/** `singlepath export`: a network for other programs. */
export function exportCommand(): Command {
  const command = withOptions(
    new Command('export')
      .description('write TorchScript, safetensors and JSON of a network, after a parity check')
      .argument('<run>', 'run directory of singlepath retrain, or of train with --arch')
      .option('-a, --arch <genes>', 'the path to export with inherited weights, for a supernet')
      .option('-o, --out <folder>', 'where the files go (setting: export.directory)'),
    CONFIG,
    OUTPUT,
  ).action(async (run: string, options: ExportCommandOptions) => {
    const { exportNetwork } = await import('../actions/export.js');
    await exportNetwork(run, options);
  });
  return withHelp(command, {
    examples: [['singlepath export runs/network --out network', "loads with Python's torch.jit.load too"]],
    exitCodes: [...LONG_RUNNING],
  });
}
