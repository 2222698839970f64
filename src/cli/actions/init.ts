import { dirname, isAbsolute, relative, resolve } from 'node:path';
import { resolveConfig } from '../../config/load.js';
import { printSettings } from '../../config/print.js';
import type { Config } from '../../config/schema/config.js';
import { runtimeSchema } from '../../config/schema/runtime.js';
import { objectSource } from '../../config/sources.js';
import { expected, SinglePathError } from '../../core/errors.js';
import { checkFree, writeFileAtomically } from '../../core/files.js';
import { shell } from '../../core/shell.js';
import { type DatasetReport, inspectDataset } from '../../data/inspect.js';
import { detectKind } from '../../data/kinds/detect.js';
import type { DatasetConfig, DatasetKind } from '../../data/kinds/index.js';
import { initSettings, leastPasses } from '../../pipeline/initSettings.js';
import { secondsPerImage } from '../../pipeline/training/measureSteps.js';
import { formatDuration, formatExact } from '../../report/format.js';
import { nextStep } from '../common/nextStep.js';
import { duration } from '../common/options.js';
import { printText } from '../common/output.js';
import { Questions } from '../common/questions.js';
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
  if (!options.force) checkFree(file, 'name', 'name another file, or replace it with --force');
  if (options.data === undefined && !process.stdin.isTTY) {
    throw new SinglePathError('INVALID_ARGUMENT', 'Expected --data PATH, as there is no terminal to ask at', {
      hint: 'singlepath init --data FOLDER',
    });
  }
  const session = createSession({});
  const { found, written, config } = await stoppable({}, async (signal) => {
    const { found, ...chosen } =
      options.data === undefined
        ? await ask(session, options, signal)
        : { ...options, found: await look(session, options.data, signal) };
    return { found, ...(await settle(session, found, chosen, signal)) };
  });
  await writeFileAtomically(file, [
    printSettings(atPlace(written, found.path, file), head(found.path, file)),
  ]);
  const limits = config.search.constraints.join(', ');
  const { epochs } = config.train;
  printText(
    [
      `${file}: ${config.space.name} at ${config.space.size} pixels, ${config.space.classes} classes, ${epochs} ${epochs === 1 ? 'epoch' : 'epochs'}, ${limits}`,
      nextStep(['run', '-c', file], 'train, search, retrain and export'),
    ].join('\n'),
  );
}

/** The images a configuration is for. */
interface FoundImages {
  path: string;
  kind: DatasetKind;
  train: DatasetReport;
}

type Chosen = Omit<InitOptions, 'data' | 'force'>;

/** Looks at the images and says what is there. */
async function look({ log }: Session, path: string, signal: AbortSignal): Promise<FoundImages> {
  const kind = detectKind(path);
  const train = await inspectDataset({ kind, path } as DatasetConfig, 'train', { decode: DECODED, signal });
  const { images, classes, height, width, broken } = train;
  log.info(
    `${path}: ${kind}, ${formatExact(images)} training images of ${classes.length} classes, about ${width[1]} x ${height[1]} pixels`,
  );
  if (broken.length > 0)
    log.warn(
      `broken images: ${formatExact(broken.length)}; singlepath data verify ${shell(path)} lists them`,
    );
  return { path, kind, train };
}

/** Settings for the images, with as many epochs as the budget allows on this machine. */
async function settle(
  session: Session,
  found: FoundImages,
  { budget, ...chosen }: Chosen,
  signal: AbortSignal,
): Promise<{ written: Record<string, unknown>; config: Config }> {
  const resolved = (settings: Record<string, unknown>) =>
    resolveConfig([objectSource(settings, 'singlepath init')]);
  let written = settingsFor(found, chosen, null);
  if (budget !== undefined) {
    const seconds = await secondsPerImage(resolved(written), signal);
    session.log.info(`the supernet trains ${formatExact(Math.round(1 / seconds))} images a second here`);
    written = settingsFor(found, chosen, budget / seconds);
    const shortest = leastPasses(found.train) * seconds;
    if (shortest > budget)
      session.log.warn(`the shortest run takes about ${formatDuration(shortest)}, more than --budget allows`);
  }
  return { written, config: resolved(written) };
}

function settingsFor(
  { kind, path, train }: FoundImages,
  { space, device, constraint: constraints }: Omit<Chosen, 'budget'>,
  passes: number | null,
): Record<string, unknown> {
  return initSettings(kind, resolve(path), train, { space: space ?? null, device, constraints, passes });
}

/** The path of the images as it counts from the file. */
function atPlace(settings: Record<string, unknown>, data: string, file: string): Record<string, unknown> {
  const path = isAbsolute(data) ? data : relative(resolve(dirname(file)), resolve(data));
  return { ...settings, data: { ...(settings.data as object), path } };
}

function head(data: string, file: string): string {
  return [
    ` A configuration for the images in ${data}, written by singlepath init. Everything that is not here has its default:`,
    ` singlepath config show -c ${shell(file)} prints all of it.`,
    ` singlepath run -c ${shell(file)}`,
  ].join('\n');
}

/** Asks for what was not given, beginning with the images: the other answers are checked against them. */
async function ask(
  session: Session,
  options: InitOptions,
  signal: AbortSignal,
): Promise<Chosen & { found: FoundImages }> {
  using questions = new Questions(signal);
  const found = await questions.ask('Folder (or archive, table) with your images', '', (path) =>
    look(session, path, signal),
  );
  const device = await questions.ask('Device', options.device, readDevice);
  const budget =
    options.budget ??
    (await questions.ask('Time for everything, such as 30m or 8h (empty: 30 epochs)', '', (time) =>
      time === '' ? undefined : duration(time),
    ));
  const given = { ...options, device };
  const constraint =
    options.constraint.length > 0
      ? options.constraint
      : await questions.ask(
          'Limit of the network, such as madds<=60M (empty: the cheaper quarter)',
          '',
          (limit) => {
            const limits = limit === '' ? [] : [limit];
            settingsFor(found, { ...given, constraint: limits }, null); // throws where no network meets it
            return limits;
          },
        );
  return { ...given, found, constraint, ...(budget !== undefined && { budget }) };
}

function readDevice(name: string): string {
  const { error, data } = runtimeSchema.shape.device.safeParse(name);
  if (error) throw expected('cpu, cuda or cuda:N', 'the device', name);
  return data;
}
