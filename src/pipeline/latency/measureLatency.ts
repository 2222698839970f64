import { existsSync } from 'node:fs';
import { configArgument } from '../../config/load.js';
import type { Config } from '../../config/schema/config.js';
import type { LatencyConfig } from '../../config/schema/latency.js';
import { checkArguments } from '../../core/check.js';
import { expected, SinglePathError } from '../../core/errors.js';
import { checkFree } from '../../core/files.js';
import { checkTable } from '../../latency/compatible.js';
import { openLocal } from '../../latency/device/openLocal.js';
import { RunnerSession } from '../../latency/device/runner.js';
import type { RunSettings, Session, StopRule } from '../../latency/device/session.js';
import { differsFrom, identityOf } from '../../latency/environment.js';
import { readTable, writeTable } from '../../latency/format/files.js';
import { Journal } from '../../latency/measure/journal.js';
import { type MeasureProgress, type MeasureSettings, measure } from '../../latency/measure/measure.js';
import { missingRows } from '../../latency/missing.js';
import { spaceRows } from '../../latency/rows.js';
import type { LatencyTable } from '../../latency/table.js';
import { hashOf, spaceHash } from '../../space/hash.js';
import type { SearchSpace } from '../../space/types.js';
import { openSpace } from '../setup/fromConfig.js';
import { type AgentAccess, openAgent } from './agentDevice.js';
import { newHeader, spaceReference } from './latencyTable.js';

/** What measures: this machine unless something else is named. */
export interface DeviceOptions extends AgentAccess {
  /** `host:port` of an agent. */
  agent?: string | undefined;
  /** A command that times a file: `bench.sh {torchscript}`. */
  runner?: string | undefined;
  runnerPattern?: string | undefined;
  /** Name of a runner's device. */
  device?: string | undefined;
}

/**
 * Opens the session that measures: on this machine, through a runner or through an agent.
 *
 * @throws SinglePathError what its session throws, `INVALID_ARGUMENT` for onnxruntime on a GPU.
 */
export async function openSession(
  options: DeviceOptions,
  config: Pick<Config, 'latency' | 'runtime'>,
): Promise<Session> {
  checkArguments('openSession()', { options, config });
  const { runner, runnerPattern, device = 'runner', agent, ...access } = options;
  const { latency, runtime } = config;
  for (const section of [latency, runtime]) checkArguments('openSession()', { section });
  const settings: Omit<RunSettings, 'runtime'> = {
    threads: latency.threads ?? (runner === undefined ? 1 : 0),
    batch: latency.batch,
    dtype: latency.dtype,
  };
  if (runner !== undefined) {
    return new RunnerSession({
      ...settings,
      runtime: 'runner',
      command: runner,
      pattern: runnerPattern,
      device,
    });
  }
  const { device: computes, kernels } = runtime;
  if (latency.runtime === 'onnxruntime' && computes !== 'cpu')
    throw expected('cpu, on which onnxruntime measures,', 'runtime.device', computes);
  const there = { ...settings, runtime: latency.runtime, device: computes, kernels };
  return agent === undefined ? await openLocal(there) : await openAgent(agent, access, there);
}

/** When samples are enough, from the settings. A runner's number is an average already: few are enough. */
export function stopRuleOf(latency: LatencyConfig, { abilities }: Session): StopRule {
  const { warmUp, warmUpCalls, samples, tolerance, maxTime, timeout } = latency;
  return {
    warmUpSeconds: warmUp,
    warmUpCalls,
    samples: abilities.overhead ? samples : 1,
    tolerance,
    maxSeconds: abilities.overhead ? maxTime : 0,
    timeout,
  };
}

export interface MeasureControl {
  /** File of the table; its journal lies beside it. */
  out: string;
  session: Session;
  /** Go on with what the journal holds; a table that is finished stays as it is, with its calibration. */
  resume?: boolean | undefined;
  /** Replace a table that is there. Default false. */
  overwrite?: boolean | undefined;
  /** Told that the table is finished: nothing was left to measure. */
  onFinished?: (() => void) | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: MeasureProgress) => void) | undefined;
  onDrift?: ((change: number, again: boolean) => void) | undefined;
}

/** @throws SinglePathError `INVALID_ARGUMENT` where a table is there that is neither to be finished nor to be replaced. */
export function checkTablePath({
  out,
  resume,
  overwrite,
}: Pick<MeasureControl, 'out' | 'resume' | 'overwrite'>): void {
  if (resume || overwrite) return;
  checkFree(out, 'path for the table', '--resume keeps it where it is finished, --overwrite replaces it');
}

/**
 * Measures the lookup table of a configuration's space and writes it.
 *
 * @throws SinglePathError what measure and Journal.open throw; `INVALID_TABLE` where a table of something else is finished,
 *   `INVALID_ARGUMENT` where one is there that is not to be replaced.
 */
export async function measureLatency(given: Config, control: MeasureControl): Promise<LatencyTable> {
  const config = configArgument('measureLatency()', given);
  checkArguments('measureLatency()', { control });
  const { out, session, resume = false, signal, onFinished, onProgress, onDrift } = control;
  checkArguments('measureLatency()', { path: out, device: session });
  checkTablePath(control);
  const { latency, seed } = config;
  const space = openSpace(config.space);
  const finished = resume ? await finishedTable(out, space, session) : undefined;
  if (finished !== undefined) {
    onFinished?.();
    return finished;
  }
  const settings: MeasureSettings = { ...latency, seed, stop: stopRuleOf(latency, session) };
  const { method, stop, paths, maxPaths, repetitions, sentinelEvery, drift, retries } = settings;
  const plan = hashOf({
    space: spaceHash(space),
    rows: spaceRows(space).rows.length,
    settings: { method, seed, stop, paths, maxPaths, repetitions, sentinelEvery, drift, retries },
  });
  const environment = identityOf(await session.environment());
  using journal = Journal.open(journalOf(out), { plan, environment }, resume);
  const measured = await measure({ ...settings, space, session, journal, signal, onProgress, onDrift });
  const table: LatencyTable = {
    header: {
      ...newHeader(spaceReference(config.space, space)),
      environment: measured.environment,
      overheadNs: measured.overheadNs,
    },
    rows: measured.rows,
  };
  await writeTable(out, table);
  journal.remove();
  return table;
}

function journalOf(out: string): string {
  return `${out}.journal`;
}

/** The table of an earlier measurement that left nothing to go on with; undefined where rows of it are missing. */
async function finishedTable(
  out: string,
  space: SearchSpace,
  session: Session,
): Promise<LatencyTable | undefined> {
  if (existsSync(journalOf(out)) || !existsSync(out)) return undefined;
  const table = readTable(out);
  checkTable(space, table, {}, out);
  const differ = await differsFrom(table.header.environment, session);
  if (differ.length > 0) {
    throw new SinglePathError(
      'INVALID_TABLE',
      `Expected the table of this device in '${out}' but it differs: ${differ.join('; ')}`,
      { hint: 'it is finished: --overwrite in place of --resume, or another name, measures another one' },
    );
  }
  return missingRows(space, table).length === 0 ? table : undefined;
}
