import { objectSource } from '../../config/sources.js';
import { openSpace } from '../../pipeline/fromConfig.js';
import { runExport } from '../../pipeline/runExport.js';
import { readRun } from '../../pipeline/runs.js';
import { parseArchitecture } from '../../space/architecture.js';
import { missingArch } from '../common/architectures.js';
import { configOf } from '../common/configOf.js';
import { describeParity } from '../common/exportText.js';
import type { ConfigOptions, OutputOptions } from '../common/options.js';
import { printJson, printText } from '../common/output.js';
import { createSession } from '../common/session.js';
import { stoppable } from '../common/signals.js';

export interface ExportCommandOptions extends ConfigOptions, OutputOptions {
  out?: string;
  arch?: string;
}

/** `singlepath export` */
export async function exportNetwork(target: string, options: ExportCommandOptions): Promise<void> {
  const run = readRun(target, 'train', 'retrain');
  const config = configOf(options, { base: [objectSource(run.config, `${target}/config.yaml`)] });
  const { arch, out: directory } = options;
  if (run.kind === 'train' && arch === undefined) {
    throw missingArch(target, 'export');
  }
  const architecture = arch === undefined ? undefined : parseArchitecture(openSpace(config.space), arch);
  const session = createSession(options);
  const onSkipped = (error: Error): void => session.log.warn(error.message);
  const result = await stoppable((signal) =>
    runExport(config, run, { directory, architecture, signal, onSkipped }),
  );
  if (options.json) printJson(result);
  else printText([describeParity(result.parity), ...Object.values(result.files)].join('\n'));
}
