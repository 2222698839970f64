import { Command, Option } from 'commander';
import type { ExportCommandOptions } from '../actions/export.js';
import { LONG_RUNNING, withHelp } from '../common/help.js';
import { CONFIG, OUTPUT, wholeNumber, withOptions } from '../common/options.js';

/** `singlepath export`: a network for other programs. */
export function exportCommand(): Command {
  const command = withOptions(
    new Command('export')
      .description('write TorchScript, ONNX, safetensors and JSON of a network, after a parity check')
      .argument('<run>', 'run directory of singlepath retrain; or of singlepath train, together with --arch')
      .option('-a, --arch <genes>', 'the path of a supernet to export with inherited weights')
      .option('-o, --out <folder>', 'the folder for the files (setting: export.directory)')
      .addOption(
        new Option('--opset <number>', 'version of the ONNX operators, 17 to 26 (setting: export.opset)')
          .argParser(wholeNumber)
          .conflicts('onnx'),
      )
      .addOption(
        new Option(
          '--onnx-weights <float|packed>',
          'how the ONNX file stores quantized weights (setting: export.onnxWeights)',
        ).conflicts('onnx'),
      )
      .option('--no-onnx', 'write no ONNX file (setting: export.onnx)')
      .option('--example', 'also write a program in Python and one for Node that load the network'),
    CONFIG,
    OUTPUT,
  ).action(async (run: string, options: ExportCommandOptions) => {
    const { exportNetwork } = await import('../actions/export.js');
    await exportNetwork(run, options);
  });
  return withHelp(command, {
    examples: [
      ['singlepath export runs/network --out network', "write files that Python's torch.jit.load reads too"],
      [
        'singlepath export runs/network --out network --example',
        'also write programs that load the ONNX file',
      ],
      ['singlepath export runs/network --onnx-weights packed', 'store weights of at most 4 bits in 4 bits'],
    ],
    exitCodes: [...LONG_RUNNING],
  });
}
