import { Command, InvalidArgumentError, Option } from 'commander';
import type { DataInfoOptions, DataPackOptions, DataVerifyOptions } from '../actions/data.js';
import { LONG_RUNNING, withHelp } from '../common/help.js';
import { type OptionGroup, OUTPUT, positiveNumber, withOptions } from '../common/options.js';

const SOURCE: OptionGroup = [
  new Option(
    '--kind <kind>',
    'what the path is, where it does not show: image-folder, tar, webdataset, csv, …',
  ),
  new Option('--test-path <path>', 'where the test images are, if not with the others'),
  new Option('--threads <number>', 'native threads (default: one for each processor)').argParser(
    positiveNumber,
  ),
];

const POLICY: OptionGroup = [
  new Option(
    '--policy <policy>',
    'what a broken image means: error fails, skip leaves it out (default: that of data.broken)',
  ).choices(['error', 'skip']),
  new Option(
    '--max-broken <share>',
    'with skip: share of broken images at which it fails after all (default: that of data.brokenShare)',
  ).argParser(share),
];

/** `singlepath data`: looking at a user's images and packing them. */
export function dataCommand(): Command {
  const command = new Command('data').description('look at a data set, check its files, pack it');
  withHelp(command, {
    examples: [
      ['singlepath data info photos', 'classes, numbers, sizes, mean and standard deviation'],
      ['singlepath data verify photos', 'decode every file and list what is wrong'],
      ['singlepath data pack photos photos.spk --resize 256', 'one file that loads faster'],
    ],
    exitCodes: [],
  });
  return command.addCommand(infoCommand()).addCommand(verifyCommand()).addCommand(packCommand());
}

const actions = () => import('../actions/data.js');

function infoCommand(): Command {
  const command = withOptions(
    new Command('info')
      .description('print classes, numbers and sizes of images, mean and standard deviation, broken files')
      .argument('<path>', 'image folder, tar archive, shards, table, packed file, IDX or CIFAR folder')
      .option('--sample <number>', 'images to decode for mean and standard deviation', positiveNumber, 2000),
    SOURCE,
    OUTPUT,
  ).action(async (path: string, options: DataInfoOptions) => (await actions()).dataInfo(path, options));
  return withHelp(command, {
    examples: [
      ['singlepath data info photos', 'read the header of every image, and decode 2,000'],
      ["singlepath data info 'shards/train-{0000..0009}.tar' --json", 'for programs'],
    ],
    exitCodes: [...LONG_RUNNING],
  });
}

function verifyCommand(): Command {
  const command = withOptions(
    new Command('verify')
      .description('decode every image and list what is wrong')
      .argument('<path>', 'image folder, tar archive, shards, table, packed file, IDX or CIFAR folder'),
    POLICY,
    SOURCE,
    OUTPUT,
  ).action(async (path: string, options: DataVerifyOptions) => (await actions()).dataVerify(path, options));
  return withHelp(command, {
    examples: [
      ['singlepath data verify photos', 'fail where a single image is broken'],
      [
        'singlepath data verify photos --policy skip --max-broken 0.001',
        'fail where more than one in a thousand is broken',
      ],
    ],
    exitCodes: [...LONG_RUNNING],
  });
}

function packCommand(): Command {
  const command = withOptions(
    new Command('pack')
      .description('pack training and test images into one checksummed file (data.kind=packed)')
      .argument('<path>', 'image folder, tar archive, shards or table')
      .argument('<file>', 'the packed file, such as photos.spk')
      .option('--resize <pixels>', 'encode larger images again with this short side', positiveNumber)
      .option(
        '--quality <number>',
        'with --resize: JPEG quality of images that are encoded again, 1 to 100; 90 if not given',
        positiveNumber,
      )
      .option('--raw', 'keep decoded pixels: larger, and nothing is left to decode')
      .option('--resume', 'go on with what an interrupted call left')
      .option('--overwrite', 'replace a file that is there'),
    POLICY,
    SOURCE,
    OUTPUT,
  ).action(async (path: string, file: string, options: DataPackOptions) =>
    (await actions()).dataPack(path, file, options),
  );
  return withHelp(command, {
    examples: [
      [
        'singlepath data pack photos photos.spk',
        'keep the bytes of the files, which are not decoded: run data verify before',
      ],
      [
        'singlepath data pack photos photos.spk --resize 256',
        'several times faster to load for crops of 224',
      ],
      ['singlepath data pack photos photos.spk --resize 256 --resume', 'go on after Ctrl-C'],
    ],
    exitCodes: [...LONG_RUNNING],
  });
}

function share(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 1)) {
    throw new InvalidArgumentError('Expected a share from 0 to 1, such as 0.01.');
  }
  return value;
}
