import { objectSource } from '../../config/sources.js';
import { runExport } from '../../pipeline/runExport.js';
import { readRun } from '../../pipeline/runs/runs.js';
import { openSpace } from '../../pipeline/setup/fromConfig.js';
import { parseArchitecture } from '../../space/architecture.js';
import { missingArch } from '../common/architectures.js';
import { configOf, type Shortcut, warnIgnored } from '../common/configOf.js';
import { describeParities } from '../common/exportText.js';
import { nextStep } from '../common/nextStep.js';
import type { ConfigOptions, OutputOptions } from '../common/options.js';
import { printJson, printText } from '../common/output.js';
import { createSession } from '../common/session.js';
import { stoppable } from '../common/signals.js';
import { warnUnfinished } from '../common/unfinished.js';

export interface ExportCommandOptions extends ConfigOptions, OutputOptions {
  out?: string;
  arch?: string;
  onnx?: boolean;
  opset?: number;
  onnxWeights?: string;
  example?: boolean;
}

/** `singlepath export` */
export async function exportNetwork(target: string, options: ExportCommandOptions): Promise<void> {
  const run = readRun(target, 'train', 'retrain');
  const { arch, out: directory, example: examples = false } = options;
  const shortcuts: Shortcut[] = [
    { path: ['export', 'onnx'], value: options.onnx === false ? false : undefined, option: '--no-onnx' },
    { path: ['export', 'opset'], value: options.opset, option: '--opset' },
    { path: ['export', 'onnxWeights'], value: options.onnxWeights, option: '--onnx-weights' },
  ];
  const base = [objectSource(run.config, `${target}/config.yaml`)];
  const config = configOf(options, { base, shortcuts });
  if (run.kind === 'train' && arch === undefined) {
    throw missingArch(target, 'export');
  }
  const architecture = arch === undefined ? undefined : parseArchitecture(openSpace(config.space), arch);
  const session = createSession(options);
  warnUnfinished(session, run);
  warnIgnored(session, options, config, shortcuts);
  const onSkipped = (error: Error): void => session.log.warn(error.message);
  const onNotice = (message: string): void => session.log.warn(message);
  const result = await stoppable({}, (signal) =>
    runExport(config, run, { directory, architecture, examples, signal, onNotice, onSkipped }),
  );
  if (options.json) printJson('export', result);
  else {
    const file = result.files.onnx ?? result.files.script;
    const next = nextStep(['evaluate', file], 'score the file on the test images');
    printText([...describeParities(result), ...Object.values(result.files), next].join('\n'));
  }
}
