import { runTrain } from '../../pipeline/runTrain.js';
import { formatPercent } from '../../report/format.js';
import type { TrainResult } from '../../train/supernet.js';
import { warnIgnored } from '../common/configOf.js';
import { nextStep } from '../common/nextStep.js';
import type { RunOptions } from '../common/options.js';
import { printJson, printText } from '../common/output.js';
import { together } from '../common/ranks.js';
import { startReporter, trainingReporter } from '../common/reporters.js';
import { runConfig, startSources } from '../common/runDirectory.js';
import { createSession } from '../common/session.js';
import { stoppable } from '../common/signals.js';

export interface TrainCommandOptions extends RunOptions {
  from?: string;
}

/** `singlepath train` */
export async function train(options: TrainCommandOptions): Promise<void> {
  const { from } = options;
  const base = from === undefined ? [] : startSources(from, 'train');
  const { config, runDir } = runConfig(options, 'train', { base });
  const session = createSession(options, runDir);
  warnIgnored(session, options, config);
  const { stop, ...hooks } = trainingReporter(session, 'supernet', config.train.logEvery);
  const result = await stoppable({ saves: 'a checkpoint of the present step' }, (signal) =>
    together(config, session, signal, (shared) =>
      runTrain(config, {
        runDir,
        resume: options.resume,
        from,
        ...shared,
        ...startReporter(session),
        ...hooks,
        onBroken: session.onBroken,
      }),
    ).finally(stop),
  );
  if (session.rank > 0) return;
  if (options.json) printJson('train', { ...result, runDir });
  else printText(describe(result, runDir));
}

function describe({ space, steps, loss, accuracy }: TrainResult, runDir: string): string {
  const last =
    loss === null || accuracy === null
      ? ''
      : `; last paths: loss ${loss.toFixed(3)}, training accuracy ${formatPercent(accuracy)}`;
  return [
    `supernet of ${space}: ${steps} steps${last}`,
    runDir,
    nextStep(['search', '--supernet', runDir], 'find the best architecture; --constraint sets a limit'),
  ].join('\n');
}
