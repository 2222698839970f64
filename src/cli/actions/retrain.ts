import type { ConfigSource } from '../../config/sources.js';
import { objectSource } from '../../config/sources.js';
import { SinglePathError } from '../../core/errors.js';
import { costOf } from '../../cost/cost.js';
import { runRetrain } from '../../pipeline/runRetrain.js';
import { readRun, readSearchResult } from '../../pipeline/runs/runs.js';
import { openSpace } from '../../pipeline/setup/fromConfig.js';
import { formatExact, formatPercent } from '../../report/format.js';
import { holdsRun } from '../../run/header.js';
import { formatArchitecture, parseArchitecture } from '../../space/architecture.js';
import type { Architecture, SearchSpace } from '../../space/types.js';
import { warnIgnored } from '../common/configOf.js';
import { nextStep } from '../common/nextStep.js';
import type { RunOptions } from '../common/options.js';
import { printJson, printText } from '../common/output.js';
import { together } from '../common/ranks.js';
import { startReporter, trainingReporter } from '../common/reporters.js';
import { runConfig, startSources } from '../common/runDirectory.js';
import { createSession } from '../common/session.js';
import { stoppable } from '../common/signals.js';

export interface RetrainCommandOptions extends RunOptions {
  search?: string;
  arch?: string;
  from?: string;
  init?: string;
}

/** `singlepath retrain` */
export async function retrain(options: RetrainCommandOptions): Promise<void> {
  const from = startOf(options);
  const { config, runDir } = runConfig(options, 'retrain', { base: baseOf(options, from) });
  const space = openSpace(config.space);
  const architecture = architectureOf(space, { ...options, runDir }, from);
  const session = createSession(options, runDir);
  warnIgnored(session, options, config);
  const { stop, ...hooks } = trainingReporter(session, 'network', config.retrain.logEvery);
  const result = await stoppable({ saves: 'a checkpoint of the present step' }, (signal) =>
    together(config, session, signal, (shared) =>
      runRetrain(config, architecture, {
        runDir,
        resume: options.resume,
        from,
        search: options.search,
        ...shared,
        ...startReporter(session),
        ...hooks,
        onBroken: session.onBroken,
      }),
    ).finally(stop),
  );
  if (session.rank > 0) return;
  const { madds, params } = costOf(space, architecture);
  if (options.json)
    printJson('retrain', { ...result, architecture: [...architecture], costs: { madds, params }, runDir });
  else {
    const costs = `${formatExact(madds)} MAdds, ${formatExact(params)} parameters`;
    const { accuracy, top5, loss } = result.last;
    printText(
      `${formatArchitecture(space, architecture)}: ${costs}\n` +
        `test accuracy ${formatPercent(accuracy)} (top-5 ${formatPercent(top5)}), loss ${loss.toFixed(4)}\n${runDir}\n` +
        nextStep(['export', runDir], 'write TorchScript and ONNX'),
    );
  }
}

/** The weights that a training begins with. */
function startOf({ from, init, search }: RetrainCommandOptions): string | undefined {
  if (init !== 'supernet') return init ?? from;
  const supernet = search === undefined ? undefined : readRun(search, 'search').supernet;
  if (supernet !== undefined) return supernet;
  throw new SinglePathError('INVALID_ARGUMENT', 'Expected --search FOLDER for --init supernet', {
    hint: 'or name the run directory of the supernet: --init FOLDER',
  });
}

function baseOf({ search }: RetrainCommandOptions, from: string | undefined): ConfigSource[] {
  if (search === undefined) return from === undefined ? [] : startSources(from, 'retrain', 'train');
  return [objectSource(readRun(search, 'search').config, `${search}/config.yaml`)];
}

function architectureOf(
  space: SearchSpace,
  options: RetrainCommandOptions,
  from: string | undefined,
): Architecture {
  const { arch, search, resume, runDir } = options;
  if (arch !== undefined) return parseArchitecture(space, arch);
  if (space.genes.length === 0) return []; // a baseline: nothing to choose
  if (search !== undefined) return parseArchitecture(space, readSearchResult(search).winner.architecture);
  const known = resume ? runDir : from;
  const stored = known !== undefined && holdsRun(known) ? readRun(known, 'retrain', 'train') : undefined;
  if (stored?.architecture !== undefined) return parseArchitecture(space, stored.architecture);
  throw new SinglePathError('INVALID_ARGUMENT', 'Expected --search FOLDER or --arch GENES', {
    hint: `'${space.name}' has ${space.genes.length} genes`,
  });
}
