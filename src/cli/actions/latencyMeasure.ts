import { rmSync } from 'node:fs';
import type { Config } from '../../config/schema/config.js';
import type { Session } from '../../latency/device/session.js';
import { kernelsOf } from '../../latency/environment.js';
import { readTable, tableFormat, writeTable } from '../../latency/format/files.js';
import { meanUncertainty } from '../../latency/measure/rowsOfVisits.js';
import type { LatencyTable, TableAccuracy } from '../../latency/table.js';
import { calibrateLatency } from '../../pipeline/latency/calibrateLatency.js';
import { spaceOfTable } from '../../pipeline/latency/latencyTable.js';
import { checkTablePath, measureLatency, openSession } from '../../pipeline/latency/measureLatency.js';
import { runnerFor } from '../../pipeline/latency/tableRunner.js';
import { type Verification, verifyLatency } from '../../pipeline/latency/verifyLatency.js';
import { formatPercent } from '../../report/format.js';
import { formatArchitecture } from '../../space/architecture.js';
import type { SearchSpace } from '../../space/types.js';
import { configOf, warnIgnored } from '../common/configOf.js';
import type { MeasuredTable } from '../common/jsonOutput.js';
import { checkDevice, checkMeasures } from '../common/latencyChecks.js';
import {
  type DeploymentOptions,
  type DeviceOptions,
  deploymentShortcuts,
  type TrustOptions,
} from '../common/latencyOptions.js';
import type { ConfigOptions, OutputOptions } from '../common/options.js';
import { printJson, printTable, printText } from '../common/output.js';
import { createSession, type Session as Terminal } from '../common/session.js';
import { stoppable } from '../common/signals.js';
import { type SpaceSettingsOptions, spaceShortcuts } from '../common/spaceSettings.js';

export interface MeasureOptions
  extends SpaceSettingsOptions,
    DeploymentOptions,
    DeviceOptions,
    ConfigOptions,
    Omit<OutputOptions, 'json'> {
  out: string;
  resume?: boolean;
  overwrite?: boolean;
}

/** `singlepath latency measure` */
export async function measureTable(options: MeasureOptions): Promise<void> {
  const { out, resume, overwrite, runner } = options;
  // Before any work:
  tableFormat(out);
  checkTablePath(options);
  checkDevice(options, runner !== undefined);
  const shortcuts = [...(await spaceShortcuts(options)), ...deploymentShortcuts(options, runner)];
  const config = configOf(options, { shortcuts });
  checkMeasures(options, runner, config);
  const terminal = createSession(options);
  warnIgnored(terminal, options, config, shortcuts);
  const { stop, ...reporter } = measuringReporter(terminal);
  const table = await stoppable({ saves: 'what is measured' }, async (signal) => {
    await using session = await openSession(options, config);
    const onFinished = () =>
      terminal.log.info(
        `${out} is finished, and stays as it is; --overwrite in place of --resume measures it anew`,
      );
    return await measureLatency(config, { out, session, resume, overwrite, signal, onFinished, ...reporter });
  }).finally(stop);
  if (options.json) printJson('latency measure', summary(out, table));
  else printText(describe(out, table));
}

/** Shows a measurement: visits done, rows converged, time left; and when the machine changed its speed. */
function measuringReporter(terminal: Terminal) {
  let progress: ReturnType<Terminal['progress']> | undefined;
  let total = 0;
  return {
    onProgress(present: { done: number; total: number; converged?: number; rows?: number }): void {
      if (progress === undefined || present.total !== total) {
        progress?.stop();
        ({ total } = present);
        progress = terminal.progress({ title: 'measuring', total, every: 10 });
      }
      const rows =
        present.rows === undefined ? {} : { converged: `${present.converged}/${present.rows} rows` };
      progress.update(present.done, rows);
    },
    onDrift(change: number, again: boolean): void {
      const percent = `${change > 0 ? '+' : ''}${formatPercent(change)}`;
      terminal.log.warn(
        again
          ? `the machine changed its speed (sentinel ${percent}): cooling down, then this window is measured again`
          : `the machine keeps another speed (sentinel ${percent}): the rows of this window are flagged`,
      );
    },
    stop: (): void => progress?.stop(),
  };
}

function summary(out: string, { header, rows }: LatencyTable): MeasuredTable {
  const count = (test: (row: LatencyTable['rows'][0]) => boolean) => rows.filter(test).length;
  return {
    table: out,
    rows: rows.length,
    notConverged: count(({ flags }) => flags.includes('not_converged')),
    drifted: count(({ flags }) => flags.includes('drifted')),
    failed: count(({ status }) => status !== 'ok'),
    uncertainty: meanUncertainty(rows),
    environment: header.environment,
  };
}

function describe(out: string, table: LatencyTable): string {
  const { rows } = table;
  const flagged = (what: string, count: number): string[] => (count === 0 ? [] : [`${count} ${what}`]);
  const notes = [
    ...flagged('not converged', rows.filter(({ flags }) => flags.includes('not_converged')).length),
    ...flagged(
      'measured while the machine changed its speed',
      rows.filter(({ flags }) => flags.includes('drifted')).length,
    ),
    ...flagged('failed (see singlepath latency show)', rows.filter(({ status }) => status !== 'ok').length),
  ];
  const error = meanUncertainty(rows);
  const known =
    error === null ? 'error of the medians not known' : `medians known to ${formatPercent(error)} on average`;
  return `${out}: ${[`${rows.length} rows`, known, ...notes].join(', ')}`;
}

export interface VerifyOptions extends DeviceOptions, TrustOptions, ConfigOptions, OutputOptions {
  paths?: number;
  resume?: boolean;
  failAbove?: number;
}

/** `singlepath latency verify` */
export async function verifyTable(path: string, options: VerifyOptions): Promise<void> {
  const { failAbove } = options;
  const table = readTable(path);
  const space = spaceOfTable(table, path);
  const journal = { path: `${path}.verify.journal`, resume: options.resume ?? false };
  const result = await onDevice(path, table, options, (config, control) =>
    verifyLatency(space, table, config, {
      ...control,
      journal,
      paths: options.paths ?? config.latency.verifyPaths,
    }),
  );
  // Of another device it says nothing about the table's own.
  const known = result.differs.length === 0;
  if (known) await writeTable(path, { ...table, header: { ...table.header, accuracy: result.accuracy } });
  rmSync(journal.path, { force: true });
  if (options.json) printJson('latency verify', result);
  else printVerification(space, path, result);
  if (failAbove !== undefined && !(result.accuracy.mape <= failAbove)) process.exitCode = 1;
}

function printVerification(
  space: SearchSpace,
  path: string,
  { accuracy, raw, repeatability, networks, drifted, failed, differs }: Verification,
): void {
  const right = { align: 'right' } as const;
  for (const line of differs) printText(`another environment: ${line}`);
  for (const { architecture, error } of failed) {
    printText(`failed: ${formatArchitecture(space, architecture)}: ${error}`);
  }
  printTable(
    [
      { title: 'architecture' },
      { title: 'predicted (ms)', ...right },
      { title: 'measured (ms)', ...right },
      { title: 'error', ...right },
    ],
    networks.map(({ architecture, predicted, measured }) => [
      formatArchitecture(space, architecture),
      predicted.toFixed(4),
      measured.toFixed(4),
      formatPercent(predicted / measured - 1),
    ]),
  );
  const figures: [string, (of: TableAccuracy) => string][] = [
    ['mean absolute error', ({ mape }) => `${mape.toFixed(2)} %`],
    ['root mean square error', ({ rmse }) => `${rmse.toFixed(2)} %`],
    ['bias', ({ bias }) => `${bias.toFixed(2)} %`],
    ['within 5 %', ({ within5 }) => `${within5.toFixed(0)} %`],
    ['within 10 %', ({ within10 }) => `${within10.toFixed(0)} %`],
    ["Kendall's tau", ({ kendall }) => kendall?.toFixed(3) ?? '-'],
    ["Spearman's rho", ({ spearman }) => spearman?.toFixed(3) ?? '-'],
  ];
  printText('');
  printTable(
    [
      { title: `${networks.length} held-out networks` },
      { title: 'table', ...right },
      { title: 'plain sum', ...right },
    ],
    figures.map(([name, figure]) => [name, figure(accuracy), figure(raw)]),
  );
  const ceiling = repeatability === null ? 'unknown (one repetition)' : `${repeatability.toFixed(2)} %`;
  const changed =
    drifted === 0 ? '' : `; ${drifted} networks were measured while the machine changed its speed`;
  printText(`\n${path}: repetitions of one network differ by ${ceiling}: no table can do better${changed}`);
}

export interface CalibrateOptions extends DeviceOptions, TrustOptions, ConfigOptions, OutputOptions {
  paths?: number;
  resume?: boolean;
  out?: string;
}

/** `singlepath latency calibrate` */
export async function calibrateTable(path: string, options: CalibrateOptions): Promise<void> {
  const { out = path } = options;
  tableFormat(out); // before any work
  const table = readTable(path);
  const space = spaceOfTable(table, path);
  const journal = { path: `${path}.calibrate.journal`, resume: options.resume ?? false };
  const calibrated = await onDevice(path, table, options, (config, control) =>
    calibrateLatency(space, table, config, {
      ...control,
      journal,
      paths: options.paths ?? config.latency.verifyPaths,
    }),
  );
  await writeTable(out, calibrated);
  rmSync(journal.path, { force: true });
  const { biasNs, scale, networks, refitted } = calibrated.header.calibration!;
  if (options.json) printJson('latency calibrate', { table: out, biasNs, scale, networks, refitted });
  else {
    const rows = refitted ? ', rows refitted' : '';
    printText(
      `${out}: T = ${(biasNs / 1e6).toFixed(4)} ms + ${scale.toFixed(4)} x sum, from ${networks} networks${rows}`,
    );
  }
}

/** Runs work on the device and with the settings a table was measured with. */
async function onDevice<T>(
  path: string,
  { header: { environment } }: LatencyTable,
  options: DeviceOptions & TrustOptions & ConfigOptions & OutputOptions,
  work: (
    config: Config,
    control: { session: Session; signal: AbortSignal } & MeasuringCallbacks,
  ) => Promise<T>,
): Promise<T> {
  const { runtime, threads, batch, dtype, device } = environment;
  const runner = runnerFor(path, environment, options);
  checkDevice(options, runner.runner !== undefined);
  const setting = (name: string, value: unknown, section = 'latency') => ({
    path: [section, name],
    value,
    option: `the table's ${name}`,
  });
  const config = configOf(options, {
    shortcuts: [
      setting('threads', threads > 0 ? threads : undefined),
      setting('batch', batch),
      setting('dtype', dtype),
      setting('runtime', runtime === 'runner' || runtime === 'imported' ? undefined : runtime),
      setting('kernels', kernelsOf(environment), 'runtime'),
    ],
  });
  checkMeasures(options, runner.runner, config);
  const terminal = createSession(options);
  const { stop, ...reporter } = measuringReporter(terminal);
  return await stoppable({ saves: 'what is measured' }, async (signal) => {
    await using session = await openSession(
      { ...options, ...runner, device: options.device ?? device },
      config,
    );
    return await work(config, { session, signal, ...reporter });
  }).finally(stop);
}

type MeasuringCallbacks = Omit<ReturnType<typeof measuringReporter>, 'stop'>;
