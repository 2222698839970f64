import { Command } from 'commander';
import type { EvaluateCommandOptions } from '../actions/evaluate.js';
import { LONG_RUNNING, withHelp } from '../common/help.js';
import { CONFIG, KERNELS, OUTPUT, withOptions } from '../common/options.js';

/** `singlepath evaluate`: accuracy on the test images. */
export function evaluateCommand(): Command {
  const command = withOptions(
    new Command('evaluate')
      .description('print the accuracy of a retrained network, an exported file or a path of a supernet')
      .argument('<target>', 'run directory of retrain or train, or a TorchScript (.pt) or ONNX file (.onnx)')
      .option('-a, --arch <genes>', 'the path of a supernet to evaluate: its genes, with commas between them')
      .option('--trust', 'run the code of a TorchScript file that was not exported here without a warning'),
    CONFIG,
    KERNELS,
    OUTPUT,
  ).action(async (target: string, options: EvaluateCommandOptions) => {
    const { evaluate } = await import('../actions/evaluate.js');
    await evaluate(target, options);
  });
  return withHelp(command, {
    examples: [
      ['singlepath evaluate runs/network', 'evaluate a retrained network on the test images'],
      [
        'singlepath evaluate network/network.torchscript.pt',
        'evaluate an exported file on the images that architecture.json beside it names',
      ],
      [
        'singlepath evaluate runs/supernet --arch 0,1,2,3,0,1,2,3',
        'evaluate a path with inherited weights, after recalibration',
      ],
    ],
    exitCodes: [...LONG_RUNNING],
  });
}
