import { Command, InvalidArgumentError, Option } from 'commander';
import type { CalibrateOptions, MeasureOptions, VerifyOptions } from '../actions/latencyMeasure.js';
import type { ArchOptions, ImportOptions, LintOptions, ShowOptions } from '../actions/latencyTables.js';
import { LONG_RUNNING, withHelp } from '../common/help.js';
import { DEPLOYMENT, DEVICE, TRUST } from '../common/latencyOptions.js';
import {
  CONFIG,
  collect,
  KERNELS,
  OUTPUT,
  positiveNumber,
  SPACE_SETTINGS,
  withOptions,
} from '../common/options.js';

/** `singlepath latency`: lookup tables of the time networks take on a device. */
export function latencyCommand(): Command {
  const command = new Command('latency').description(
    'measure, check, compare and convert latency lookup tables (docs/latency.md)',
  );
  withHelp(command, {
    examples: [
      [
        'singlepath latency measure --space spos-shufflenet-v2 --threads 1 --out laptop.lut',
        'measure the table of this machine',
      ],
      [
        'singlepath latency import mobile.yaml --format proxyless --space proxyless-mobile --out mobile.lut',
        'take a published table',
      ],
      [
        "singlepath search --supernet runs/supernet --constraint 'latency[pi.lut]<=12ms'",
        'search under a latency from a table',
      ],
    ],
    exitCodes: [],
  });
  for (const sub of [
    measureCommand(),
    verifyCommand(),
    calibrateCommand(),
    predictCommand(),
    showCommand(),
    lintCommand(),
    diffCommand(),
    importCommand(),
    exportCommand(),
  ]) {
    command.addCommand(sub);
  }
  return command;
}

function measureCommand(): Command {
  const command = withOptions(
    new Command('measure')
      .description('measure the lookup table of a search space on a device')
      .requiredOption('-o, --out <table>', 'file to write: .lut, .json or .csv')
      .option('--resume', 'go on with what <table>.journal holds; a finished table stays as it is')
      .addOption(new Option('--overwrite', 'replace a table that is there').conflicts('resume')),
    SPACE_SETTINGS,
    DEPLOYMENT,
    DEVICE,
    CONFIG,
    KERNELS,
    OUTPUT,
  ).action(async (options: MeasureOptions) => {
    const { measureTable } = await import('../actions/latencyMeasure.js');
    await measureTable(options);
  });
  return withHelp(command, {
    examples: [
      [
        'singlepath latency measure --space spos-shufflenet-v2 --threads 1 --out laptop.lut',
        'measure this machine',
      ],
      [
        "singlepath latency measure --space fbnet --runner 'bench.sh {torchscript}' --out phone.lut",
        'measure a device through a command, whose last line is the time in milliseconds',
      ],
      ['singlepath latency measure --space fbnet --out laptop.lut --resume', 'go on after it was stopped'],
    ],
    exitCodes: [...LONG_RUNNING],
  });
}

function verifyCommand(): Command {
  const command = withOptions(
    new Command('verify')
      .description('measure random networks as a whole, and say how well a table predicts them')
      .argument('<table>', 'a lookup table; the result is written into it')
      .option('--paths <number>', 'networks to measure (setting: latency.verifyPaths)', positiveNumber)
      .option('--resume', 'go on with what <table>.verify.journal holds')
      .option('--fail-above <percent>', 'exit code 1 where the mean absolute error is larger', percent),
    DEVICE,
    TRUST,
    CONFIG,
    OUTPUT,
  ).action(async (table: string, options: VerifyOptions) => {
    const { verifyTable } = await import('../actions/latencyMeasure.js');
    await verifyTable(table, options);
  });
  return withHelp(command, {
    examples: [
      ['singlepath latency verify laptop.lut', 'measure on this machine, whose table it is'],
      [
        'singlepath latency verify laptop.lut --paths 100 --fail-above 10 --json',
        'fail in a script where the table is more than 10 % off',
      ],
      [
        "singlepath latency verify phone.lut --runner 'bench.sh {torchscript}'",
        'through the command that measured the table',
      ],
    ],
    exitCodes: [...LONG_RUNNING],
  });
}

function calibrateCommand(): Command {
  const command = withOptions(
    new Command('calibrate')
      .description(
        'fit a table to networks that are measured as a whole: bias and scale, and from 200 networks on its rows, too',
      )
      .argument('<table>', 'a lookup table')
      .option('--paths <number>', 'networks to measure (setting: latency.verifyPaths)', positiveNumber)
      .option('--resume', 'go on with what <table>.calibrate.journal holds')
      .option('-o, --out <table>', 'file to write instead of the table itself'),
    DEVICE,
    TRUST,
    CONFIG,
    OUTPUT,
  ).action(async (table: string, options: CalibrateOptions) => {
    const { calibrateTable } = await import('../actions/latencyMeasure.js');
    await calibrateTable(table, options);
  });
  return withHelp(command, {
    examples: [
      ['singlepath latency calibrate laptop.lut', 'fit bias and scale; verify then measures other networks'],
      ['singlepath latency calibrate laptop.lut --paths 250', 'fit the rows, too'],
    ],
    exitCodes: [...LONG_RUNNING],
  });
}

function percent(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0)) throw new InvalidArgumentError('Expected a number of per cent.');
  return value;
}

const actions = () => import('../actions/latencyTables.js');

function predictCommand(): Command {
  const command = new Command('predict')
    .description('print the latencies that a table predicts, calibrated if the table is')
    .argument('<table>', 'a lookup table')
    .option(
      '-a, --arch <genes>',
      'one architecture: its genes, with commas between them; repeatable',
      collect,
      [],
    )
    .option('--archs <file>', 'JSON file with many architectures')
    .option('--json', 'print one JSON document on stdout')
    .action(async (table: string, options: ArchOptions) => (await actions()).predictLatency(table, options));
  return withHelp(command, {
    examples: [
      ['singlepath latency predict pi.lut --arch 0,1,2,3,0,1,2,3', 'predict one network, layer by layer'],
      ['singlepath latency predict pi.lut --archs archs.json --json', 'predict many, for programs'],
    ],
    exitCodes: [],
  });
}

function showCommand(): Command {
  const command = new Command('show')
    .description('print where and how a table was measured, and its rows')
    .argument('<table>', 'a lookup table')
    .option('--svg <file>', 'also draw the time of every choice, layer by layer')
    .option('-a, --arch <genes>', 'a path to mark in the drawing')
    .option('--json', 'print one JSON document on stdout')
    .action(async (table: string, options: ShowOptions) => (await actions()).showTable(table, options));
  return withHelp(command, {
    examples: [['singlepath latency show pi.lut --svg pi.svg', 'print it, and draw it']],
    exitCodes: [],
  });
}

function lintCommand(): Command {
  const command = new Command('lint')
    .description('look for what is wrong or strange in a table; errors end with exit code 1')
    .argument('<table>', 'a lookup table')
    .option(
      '--against <table>',
      'a table of another device, which must not have the same rows; repeatable',
      collect,
      [],
    )
    .option('--json', 'print one JSON document on stdout')
    .action(async (table: string, options: LintOptions) => (await actions()).lintTable(table, options));
  return withHelp(command, {
    examples: [
      [
        'singlepath latency lint pi.lut --against laptop.lut',
        'look for missing rows, wrong units, spread, wrong order and copied rows',
      ],
    ],
    exitCodes: [],
  });
}

function diffCommand(): Command {
  const command = new Command('diff')
    .description('compare the environments of two tables, and their rows')
    .argument('<a>', 'a lookup table')
    .argument('<b>', 'another one')
    .option('--json', 'print one JSON document on stdout')
    .action(async (a: string, b: string, options: { json?: boolean }) =>
      (await actions()).diffLatency(a, b, options),
    );
  return withHelp(command, {
    examples: [['singlepath latency diff monday.lut tuesday.lut', 'see how well two measurements agree']],
    exitCodes: [],
  });
}

function importCommand(): Command {
  const command = withOptions(
    new Command('import')
      .description('make a table from a file of another project')
      .argument(
        '<file>',
        'ProxylessNAS or Once-for-all YAML, or CSV with a column key and one named after its unit',
      )
      .requiredOption('--format <proxyless|ofa|csv>', 'what the file is')
      .requiredOption('-o, --out <table>', 'file to write: .lut, .json or .csv')
      .option('--device <name>', 'name of the device it was measured on')
      .option('--interpolate', 'estimate rows that the file does not have, from those it has'),
    SPACE_SETTINGS,
  ).action(async (file: string, options: ImportOptions) => (await actions()).importLatency(file, options));
  return withHelp(command, {
    examples: [
      [
        'singlepath latency import mobile.yaml --format proxyless --space proxyless-mobile --out mobile.lut',
        'take a table of ProxylessNAS',
      ],
      [
        'singlepath latency import bench.csv --format csv --space spos-shufflenet-v2 --out board.lut',
        'take the results of your own benchmark',
      ],
    ],
    exitCodes: [],
  });
}

function exportCommand(): Command {
  const command = new Command('export')
    .description('write a table in another format')
    .argument('<table>', 'a lookup table')
    .requiredOption('-o, --out <file>', 'file to write; .lut, .json and .csv hold everything')
    .option('--format <proxyless|ofa>', 'YAML of one of these projects')
    .action(async (table: string, options: { out: string; format?: string }) =>
      (await actions()).exportLatency(table, options),
    );
  return withHelp(command, {
    examples: [
      ['singlepath latency export pi.lut --out pi.csv', 'write it for a spreadsheet'],
      ['singlepath latency export pi.lut --format proxyless --out pi.yaml', 'write it for ProxylessNAS'],
    ],
    exitCodes: [],
  });
}
