import type { Config } from '../../config/schema/config.js';
import { objectSource } from '../../config/sources.js';
import {
  type Accuracy,
  type EvaluateControl,
  evaluateExported,
  evaluateNetwork,
  evaluatePath,
  exportedSources,
} from '../../pipeline/evaluate.js';
import { openSpace } from '../../pipeline/fromConfig.js';
import { readRun } from '../../pipeline/runs.js';
import { formatPercent } from '../../report/format.js';
import { parseArchitecture } from '../../space/architecture.js';
import { missingArch } from '../common/architectures.js';
import { configOf } from '../common/configOf.js';
import type { ConfigOptions, OutputOptions } from '../common/options.js';
import { printJson, printText } from '../common/output.js';
import { createSession } from '../common/session.js';
import { stoppable } from '../common/signals.js';

export interface EvaluateCommandOptions extends ConfigOptions, OutputOptions {
  arch?: string;
  trust?: boolean;
}

const FOREIGN_CODE =
  'TorchScript is a program: it can read and write what you can. Run files of people you trust; --trust says so';

/** `singlepath evaluate` */
export async function evaluate(target: string, options: EvaluateCommandOptions): Promise<void> {
  const session = createSession(options);
  const onSkipped: EvaluateControl['onSkipped'] = (error) => session.log.warn(error.message);
  const onForeign = options.trust
    ? undefined
    : () => session.log.warn(`'${target}' was not exported here, and ${FOREIGN_CODE}`);
  const result = await stoppable({}, (signal) =>
    evaluateTarget(target, options, { signal, onSkipped, onForeign }),
  );
  if (options.json) printJson('evaluate', { target, ...result });
  else {
    const { accuracy, top5, loss, images, split } = result;
    printText(
      `${target}: ${split} accuracy ${formatPercent(accuracy)} (top-5 ${formatPercent(top5)}), ` +
        `loss ${loss.toFixed(4)}, ${images} images`,
    );
  }
}

async function evaluateTarget(
  target: string,
  options: EvaluateCommandOptions,
  control: EvaluateControl & { onForeign: (() => void) | undefined },
): Promise<Accuracy> {
  if (/\.(pth?|onnx)$/.test(target)) {
    const base = options.config.length > 0 ? [] : exportedSources(target);
    return evaluateExported(configOf(options, { base }), target, control);
  }
  const run = readRun(target, 'train', 'retrain');
  const config: Config = configOf(options, { base: [objectSource(run.config, `${target}/config.yaml`)] });
  if (run.kind === 'retrain') return evaluateNetwork(config, run, control);
  if (options.arch === undefined) {
    throw missingArch(target, 'evaluate');
  }
  return evaluatePath(config, run, parseArchitecture(openSpace(config.space), options.arch), control);
}
