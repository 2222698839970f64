import { costOf } from '../../cost/cost.js';
import { type AllResult, runAll } from '../../pipeline/runAll.js';
import { openSpace } from '../../pipeline/setup/fromConfig.js';
import { formatExact, formatPercent } from '../../report/format.js';
import { formatArchitecture } from '../../space/architecture.js';
import type { SearchSpace } from '../../space/types.js';
import { checkSearched, searchShortcuts } from '../common/configOf.js';
import { checkDevices, withDevices } from '../common/devices.js';
import { describeParities } from '../common/exportText.js';
import type { DevicesOptions } from '../common/latencyOptions.js';
import { nextStep } from '../common/nextStep.js';
import type { RunOptions, SearchOptions } from '../common/options.js';
import { printJson, printText } from '../common/output.js';
import { warnReplaced } from '../common/replaced.js';
import { wholeReporter } from '../common/reporters.js';
import { runConfig } from '../common/runDirectory.js';
import { createSession } from '../common/session.js';
import { stoppable } from '../common/signals.js';
import { describeSearch } from './search.js';

export interface RunCommandOptions extends RunOptions, SearchOptions, DevicesOptions {}

/** `singlepath run` */
export async function run(options: RunCommandOptions): Promise<void> {
  const { config, runDir } = runConfig(options, 'run', { shortcuts: searchShortcuts(options) });
  checkDevices(options, config);
  const session = createSession(options);
  warnReplaced(session, options, () => runConfig(options, 'run').config);
  checkSearched(session, options, config);
  const { hooks, onStage, stop } = wholeReporter(session, config);
  const search = { ...hooks.search, latency: withDevices(hooks.search.latency, options, config) };
  const { result, search: found } = await stoppable({ saves: 'a checkpoint' }, (signal) =>
    runAll(config, {
      runDir,
      resume: options.resume,
      signal,
      ...hooks,
      search,
      onStage,
      onSkipped: (error) => session.log.warn(error.message),
      onNotice: (message) => session.log.info(message),
      onBroken: session.onBroken,
    }).finally(stop),
  );
  if (options.json) printJson('run', { ...result, runDir });
  else {
    const space = openSpace(config.space);
    printText(
      `${describeSearch(space, found)}\n\n${describeNetwork(space, result)}\n${runDir}\n${nextStep(['report', runDir], 'see it as a page')}`,
    );
  }
}

function describeNetwork(space: SearchSpace, { winner, network, export: exported }: AllResult): string {
  const { madds, params } = costOf(space, winner.architecture);
  const { accuracy, top5, loss } = network.last;
  return [
    `${formatArchitecture(space, winner.architecture)}: ${formatExact(madds)} MAdds, ${formatExact(params)} parameters`,
    `test accuracy ${formatPercent(accuracy)} (top-5 ${formatPercent(top5)}), loss ${loss.toFixed(4)}`,
    ...describeParities(exported),
    ...Object.values(exported.files),
  ].join('\n');
}
