import { objectLayer } from '../../config/layers.js';
import { runExport } from '../../pipeline/export.js';
import { openSpace } from '../../pipeline/openSpace.js';
import { readRun } from '../../pipeline/runs.js';
import { parseArchitecture } from '../../space/architecture.js';
import { missingArch } from '../architectures.js';
import type { ExportCommandOptions } from '../commands/export.js';
import { configOf } from '../configOf.js';
import { describeParity } from '../exportText.js';
import { printJson, printText } from '../output.js';
import { createSession } from '../session.js';
import { stoppable } from '../signals.js';

/** `singlepath export` */
export async function exportNetwork(target: string, options: ExportCommandOptions): Promise<void> {
  const run = readRun(target, 'train', 'retrain');
  const config = configOf(options, { base: [objectLayer(run.config, `${target}/config.yaml`)] });
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
