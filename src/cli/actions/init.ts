import { existsSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { resolveConfig } from '../../config/load.js';
import { printSettings } from '../../config/print.js';
import { objectSource } from '../../config/sources.js';
import { SinglePathError } from '../../core/errors.js';
import { writeFileAtomically } from '../../core/files.js';
import { type DatasetReport, inspectDataset } from '../../data/inspect.js';
import { detectKind } from '../../data/kinds/detect.js';
import type { DatasetConfig, DatasetKind } from '../../data/kinds/index.js';
import { type InitChoices, initSettings } from '../../pipeline/initSettings.js';
import { secondsPerImage } from '../../pipeline/measureSteps.js';
import { formatExact } from '../../report/format.js';
import { nextStep } from '../common/nextStep.js';
import { duration } from '../common/options.js';
import { printText } from '../common/output.js';
import { createSession, type Session } from '../common/session.js';
import { stoppable } from '../common/signals.js';

export interface InitOptions {
  data?: string;
  space?: string;
  device: string;
  /** Seconds. */
  budget?: number;
  constraint: string[];
  force?: boolean;
}

/** Images of which mean and size are known well enough. */
const DECODED = 200;

/** `singlepath init` */
export async function init(file: string, options: InitOptions): Promise<void> {
  if (existsSync(file) && !options.force) {
    throw new SinglePathError('INVALID_ARGUMENT', `Expected a free name but '${file}' is there`, {
      hint: 'name another file, or replace it with --force',
    });
  }
  const session = createSession({});
  const { data, ...chosen } =
    options.data === undefined ? await ask(options) : { ...options, data: options.data };
  const kind = detectKind(data);
  const source = { kind, path: data } as DatasetConfig;
  const settings = await stoppable({}, async (signal) => {
    const train = await inspectDataset(source, 'train', { decode: DECODED, signal });
    describe(session, data, kind, train);
    return await settle(session, kind, data, train, chosen, signal);
  });
  const { written, config } = settings;
  await writeFileAtomically(file, [printSettings(atPlace(written, data, file), head(data, file))]);
  const limits = config.search.constraints.join(', ');
  printText(
    [
      `${file}: ${config.space.name} at ${config.space.size} pixels, ${config.space.classes} classes, ${config.train.epochs} epochs, ${limits}`,
      nextStep(['run', '-c', file], 'train, search, retrain and export'),
    ].join('\n'),
  );
}

/** Settings for the images, with as many epochs as the budget allows on this machine. */
async function settle(
  session: Session,
  kind: DatasetKind,
  data: string,
  train: DatasetReport,
  { space = undefined, device, budget, constraint: constraints }: Omit<InitOptions, 'data' | 'force'>,
  signal: AbortSignal,
) {
  const choices: InitChoices = { space: space ?? null, device, constraints, passes: null };
  const make = (passes: number | null) => initSettings(kind, resolve(data), train, { ...choices, passes });
  const resolved = (settings: Record<string, unknown>) =>
    resolveConfig([objectSource(settings, 'singlepath init')]);
  let written = make(null);
  if (budget !== undefined) {
    const seconds = await secondsPerImage(resolved(written), signal);
    session.log.info(`the supernet trains ${formatExact(Math.round(1 / seconds))} images a second here`);
    written = make(budget / seconds);
  }
  return { written, config: resolved(written) };
}

function describe({ log }: Session, path: string, kind: DatasetKind, train: DatasetReport): void {
  const { images, classes, height, width, broken } = train;
  log.info(
    `${path}: ${kind}, ${formatExact(images)} training images of ${classes.length} classes, about ${width[1]} x ${height[1]} pixels`,
  );
  if (broken.length > 0)
    log.warn(`${broken.length} images are broken: singlepath data verify ${path} lists them`);
}

/** The path of the images as it counts from the file. */
function atPlace(settings: Record<string, unknown>, data: string, file: string): Record<string, unknown> {
  const path = isAbsolute(data) ? data : relative(resolve(dirname(file)), resolve(data));
  return { ...settings, data: { ...(settings.data as object), path } };
}

function head(data: string, file: string): string {
  return [
    ` A configuration for the images in ${data}, written by singlepath init. Everything that is not here has its default:`,
    ` singlepath config show -c ${file} prints all of it.`,
    ` singlepath run -c ${file}`,
  ].join('\n');
}

/** Asks for what was not given. @throws SinglePathError `INVALID_ARGUMENT` where there is nobody to ask. */
async function ask(options: InitOptions): Promise<InitOptions & { data: string }> {
  if (!process.stdin.isTTY) {
    throw new SinglePathError('INVALID_ARGUMENT', 'Expected --data PATH, as there is no terminal to ask at', {
      hint: 'singlepath init --data FOLDER',
    });
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = async (question: string, standard: string) =>
      (await terminal.question(`${question}${standard === '' ? '' : ` [${standard}]`}: `)).trim() || standard;
    let data = '';
    while (data === '') {
      data = await answer('Folder (or archive, table) with your images', '');
      if (data !== '' && !existsSync(data) && !data.includes('{')) {
        process.stderr.write(`there is nothing at '${data}'\n`);
        data = '';
      }
    }
    const device = await answer('Device', options.device);
    const time =
      options.budget === undefined
        ? await answer('Time for everything, such as 30m or 8h (empty: 30 epochs)', '')
        : '';
    const limit =
      options.constraint.length === 0
        ? await answer('Limit of the network, such as madds<=60M (empty: the cheaper quarter)', '')
        : '';
    return {
      ...options,
      data,
      device,
      ...(time !== '' && { budget: duration(time) }),
      ...(limit !== '' && { constraint: [limit] }),
    };
  } finally {
    terminal.close();
  }
}
