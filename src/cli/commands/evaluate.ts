import { Command } from 'commander';
import type { EvaluateCommandOptions } from '../actions/evaluate.js';
import { LONG_RUNNING, withHelp } from '../common/help.js';
import { CONFIG, KERNELS, OUTPUT, SPACE_SETTINGS, withOptions } from '../common/options.js';

/** `singlepath evaluate`: accuracy on the test images. */
export function evaluateCommand(): Command {
  const command = withOptions(
    new Command('evaluate')
      .description(
        'print the accuracy of a retrained network, an exported file, a path of a supernet or weights of your own',
      )
      .argument('[target]', 'run directory of retrain or train, or a TorchScript (.pt) or ONNX file (.onnx)')
      .option(
        '-a, --arch <genes>',
        'the architecture, for a supernet and for --weights: its genes, with commas between them',
      )
      .option(
        '--weights <file>',
        'a safetensors file of one architecture, as PyTorch saves it, in place of a target',
      )
      .option('--confusion [file]', 'also count what each class is taken for; with a file, write it as CSV')
      .option('--trust', 'do not warn before the code of a TorchScript file runs that was not exported here'),
    SPACE_SETTINGS,
    CONFIG,
    KERNELS,
    OUTPUT,
  ).action(async (target: string | undefined, options: EvaluateCommandOptions) => {
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
      [
        'singlepath evaluate --weights mine.safetensors --space spos-shufflenet-v2-28 --arch 0,1,2,3,0,1,2,3',
        'evaluate a state_dict that PyTorch saved (safetensors.torch.save_file)',
      ],
      ['singlepath evaluate runs/network --confusion confusion.csv', 'write which classes are mixed up'],
    ],
    exitCodes: [...LONG_RUNNING],
  });
}
