import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Config } from '../../config/schema/config.js';
import { objectSource } from '../../config/sources.js';
import { SinglePathError } from '../../core/errors.js';
import { writeFileAtomically } from '../../core/files.js';
import { hasThreads, loadOnnxRuntime } from '../../export/onnxNetwork.js';
import {
  type Accuracy,
  type EvaluateControl,
  evaluateExported,
  evaluateNetwork,
  evaluatePath,
  evaluateWeights,
  exportedSources,
} from '../../pipeline/evaluate.js';
import { checkOwnArchitecture, readRun } from '../../pipeline/runs/runs.js';
import { openSpace } from '../../pipeline/setup/fromConfig.js';
import { confusionCsv, describeConfusion } from '../../report/confusion.js';
import { formatPercent } from '../../report/format.js';
import { parseArchitecture } from '../../space/architecture.js';
import { missingArch } from '../common/architectures.js';
import { configOf, type Shortcut, typedAs } from '../common/configOf.js';
import type { ConfigOptions, OutputOptions } from '../common/options.js';
import { printJson, printText } from '../common/output.js';
import { createSession, type Session } from '../common/session.js';
import { stoppable } from '../common/signals.js';
import { type SpaceSettingsOptions, spaceShortcuts } from '../common/spaceSettings.js';
import { warnUnfinished } from '../common/unfinished.js';

export interface EvaluateCommandOptions extends ConfigOptions, OutputOptions, SpaceSettingsOptions {
  arch?: string;
  weights?: string;
  trust?: boolean;
  /** True, or the CSV file to write. */
  confusion?: boolean | string;
}

const FOREIGN_CODE =
  'TorchScript is a program: it can read and write what you can. Run files of people you trust; --trust says so';

/** `singlepath evaluate` */
export async function evaluate(path: string | undefined, options: EvaluateCommandOptions): Promise<void> {
  const target = targetOf(path, options);
  if (typeof options.confusion === 'string') checkFolder(options.confusion);
  const session = createSession(options);
  const onSkipped: EvaluateControl['onSkipped'] = (error) => session.log.warn(error.message);
  const onNote = (text: string): void => session.log.debug(text);
  const onForeign = options.trust
    ? undefined
    : () => session.log.warn(`'${target}' was not exported here, and ${FOREIGN_CODE}`);
  const shortcuts = await spaceShortcuts(options);
  const confusion = options.confusion !== undefined;
  const result = await stoppable({}, (signal) =>
    evaluateTarget(target, session, options, shortcuts, { signal, confusion, onSkipped, onNote, onForeign }),
  );
  if (typeof options.confusion === 'string') {
    await writeFileAtomically(options.confusion, [confusionCsv(result.confusion!)]);
  }
  if (options.json) printJson('evaluate', { target, ...result });
  else {
    const { accuracy, top5, loss, images, split } = result;
    printText(
      `${target}: ${split} accuracy ${formatPercent(accuracy)} (top-5 ${formatPercent(top5)}), ` +
        `loss ${loss.toFixed(4)}, ${images} images`,
    );
    if (result.confusion) printText(`\n${describeConfusion(result.confusion)}`);
  }
}

/** Settings of what computes a network of ours; a file has its own. */
const COMPUTES = ['kernels', 'precision', 'graphs', 'folded'];

/** A configuration may be that of a training; what is typed is meant for the file. */
function checkComputes(target: string, options: ConfigOptions): void {
  for (const setting of COMPUTES) {
    const typed = typedAs(options, ['runtime', setting]);
    if (typed === undefined) continue;
    const runs = target.endsWith('.onnx') ? 'onnxruntime' : 'libtorch';
    throw new SinglePathError(
      'INVALID_ARGUMENT',
      `Expected no ${typed} for the file '${target}', which ${runs} runs as it is written`,
      { hint: 'the run directory it was exported from takes it' },
    );
  }
}

/** The same for an ONNX file, which runs on the CPU, and by onnxruntime-web with one thread. */
async function onnxConfig(config: Config, options: ConfigOptions): Promise<Config> {
  const typed = (setting: string) => typedAs(options, ['runtime', setting]) !== undefined;
  const device = typed('device') ? config.runtime.device : 'cpu';
  const found = await loadOnnxRuntime();
  const kept = typed('threads') || found === undefined || hasThreads(found.name);
  return { ...config, runtime: { ...config.runtime, device, threads: kept ? config.runtime.threads : 1 } };
}

/** Before the work, which may take long. */
function checkFolder(file: string): void {
  if (existsSync(dirname(file))) return;
  throw new SinglePathError(
    'INVALID_ARGUMENT',
    `Expected a folder for --confusion '${file}' but there is no '${dirname(file)}'`,
  );
}

/** What is evaluated: the target, or the weights in its place. */
function targetOf(path: string | undefined, { weights }: EvaluateCommandOptions): string {
  if ((path === undefined) === (weights === undefined)) {
    const got = path === undefined ? 'neither' : `'${path}' and '${weights}'`;
    throw new SinglePathError('INVALID_ARGUMENT', `Expected a target or --weights FILE but received ${got}`, {
      hint: 'a run directory or a TorchScript file; or weights, with --space and --arch',
    });
  }
  return path ?? weights!;
}

async function evaluateTarget(
  target: string,
  session: Session,
  options: EvaluateCommandOptions,
  shortcuts: readonly Shortcut[],
  control: EvaluateControl & { onForeign: (() => void) | undefined },
): Promise<Accuracy> {
  const { arch, weights } = options;
  if (weights !== undefined) {
    const config = configOf(options, { shortcuts });
    const space = openSpace(config.space);
    if (arch === undefined && space.genes.length > 0) throw missingArch(target, 'evaluate');
    return evaluateWeights(
      config,
      weights,
      arch === undefined ? [] : parseArchitecture(space, arch),
      control,
    );
  }
  if (/\.(pth?|onnx)$/.test(target)) {
    if (arch !== undefined) {
      throw new SinglePathError(
        'INVALID_ARGUMENT',
        `Expected no --arch for the file '${target}', which is one network`,
      );
    }
    checkComputes(target, options);
    const base = options.config.length > 0 ? [] : exportedSources(target);
    const config = configOf(options, { base, shortcuts });
    const computed = target.endsWith('.onnx') ? await onnxConfig(config, options) : config;
    return evaluateExported(computed, target, control);
  }
  const run = readRun(target, 'train', 'retrain');
  warnUnfinished(session, run);
  const base = [objectSource(run.config, `${target}/config.yaml`)];
  const config: Config = configOf(options, { base, shortcuts });
  const architecture = arch === undefined ? undefined : parseArchitecture(openSpace(config.space), arch);
  if (run.kind === 'retrain') {
    checkOwnArchitecture(run, architecture);
    return evaluateNetwork(config, run, control);
  }
  if (architecture === undefined) throw missingArch(target, 'evaluate');
  return evaluatePath(config, run, architecture, control);
}
