import { join } from 'node:path';
import type { Config } from '../../config/schema/config.js';
import { SinglePathError } from '../../core/errors.js';
import {
  type Constraint,
  formatConstraint,
  formatTime,
  latencyTableOf,
  parseConstraints,
} from '../../cost/constraint.js';
import { tableOf } from '../../latency/cost/costTable.js';
import { openLocal } from '../../latency/device/openLocal.js';
import { RunnerSession } from '../../latency/device/runner.js';
import type { Session } from '../../latency/device/session.js';
import { kernelsOf } from '../../latency/environment.js';
import type { Environment } from '../../latency/table.js';
import type { CostedCandidate, SearchOutcome } from '../../search/result.js';
import { hashOf } from '../../space/hash.js';
import type { SearchSpace } from '../../space/types.js';
import { measureWhole } from './measureWhole.js';
import { sessionLike } from './tableDevice.js';
import { RUNNER_HINT, type RunnerConsent, refusedRunner } from './tableRunner.js';

export interface ConfirmControl extends RunnerConsent {
  /** Folder for what is measured: a process that is killed goes on with it. Absent: it measures again. */
  journals?: string | undefined;
  signal?: AbortSignal | undefined;
  /** Opens the device of a table that is neither this machine nor a runner; undefined where there is no way to it. */
  openDevice?: ((environment: Environment) => Promise<Session | undefined>) | undefined;
  /** Told what is measured, and why a table's device is not. */
  onNote?: ((text: string) => void) | undefined;
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

/**
 * Measures the best candidates of a search under latency constraints as whole networks, each on the device of its table,
 * and makes the most accurate one that keeps to every measured bound the winner.
 *
 * @throws SinglePathError `MEASUREMENT` where none of the best does.
 */
export async function confirmLatency(
  space: SearchSpace,
  config: Config,
  outcome: SearchOutcome,
  control: ConfirmControl,
): Promise<SearchOutcome> {
  const bounds = parseConstraints(config.search.constraints).filter(({ metric }) => latencyTableOf(metric));
  const count = Math.min(config.latency.finalists, outcome.topK.length);
  if (bounds.length === 0 || count === 0) return outcome;
  const topK = outcome.topK.map((candidate): CostedCandidate => ({ ...candidate, measured: {} }));
  const setting = { space, config, bounds, control };
  const failed: Failures = new Map();
  // The best few are enough as a rule; the others are only measured where none of those keeps to its bounds.
  for (const finalists of [topK.slice(0, count), topK.slice(count)]) {
    if (finalists.length === 0) continue;
    for (const [candidate, why] of await measureFinalists(setting, finalists)) failed.set(candidate, why);
    const winner = finalists.find((candidate) => keeps(candidate, bounds) && !failed.has(candidate));
    if (winner !== undefined) {
      const better = topK.indexOf(winner);
      const rejected =
        better === 0
          ? []
          : [
              `${better} more accurate candidates break a bound${failed.size > 0 ? ' or fail' : ''} when they are measured`,
            ];
      const note = [...(outcome.note === undefined ? [] : [outcome.note]), ...rejected].join('\n');
      return { ...outcome, topK, winner, ...(note !== '' && { note }) };
    }
  }
  const fastest = bounds.flatMap((bound) => {
    const times = topK.flatMap(({ measured = {} }) => measured[bound.metric] ?? []);
    if (times.length === 0) return [];
    return [`${formatConstraint(bound)}, measured ${formatTime(Math.min(...times))} at least`];
  });
  const reasons = [...fastest, ...new Set(failed.values())];
  throw new SinglePathError(
    'MEASUREMENT',
    `None of the ${topK.length} best candidates keeps to its bounds when it is measured: ${reasons.join('; ')}`,
    {
      hint: 'see how far the table is off (singlepath latency verify), calibrate it, or tighten the limit and search again',
    },
  );
}

/** Candidates that their device could not run, and why: what fails there does not win. */
type Failures = Map<CostedCandidate, string>;

/** What was not measured, since there was no way to the device, is believed. */
function keeps({ measured = {} }: CostedCandidate, bounds: readonly Constraint[]): boolean {
  return bounds.every(({ metric, limit }) => measured[metric] === undefined || measured[metric] <= limit);
}

/** What is confirmed, and how. */
interface ConfirmSetting {
  space: SearchSpace;
  config: Config;
  bounds: readonly Constraint[];
  control: ConfirmControl;
}

/** Writes the measured nanoseconds into the candidates. @returns those that could not be measured. */
async function measureFinalists(
  { space, config, bounds, control }: ConfirmSetting,
  finalists: readonly CostedCandidate[],
): Promise<Failures> {
  const failed: Failures = new Map();
  for (const { metric } of bounds) {
    const { environment } = tableOf(latencyTableOf(metric)!, config.latency.tables).header;
    await using session = await sessionOf(environment, config, metric, control);
    if (session === undefined) continue;
    const { threads, batch, dtype } = environment;
    const latency = { ...config.latency, threads: threads || null, batch, dtype };
    const architectures = finalists.map(({ architecture }) => architecture);
    // Other candidates, another table or other settings are another measurement.
    const { tables: _, ...settings } = latency;
    const plan = hashOf({ metric, environment, architectures, settings, seed: config.seed }).slice(0, 12);
    const journal = control.journals && {
      path: join(control.journals, `latency-${plan}.journal`),
      resume: true,
    };
    const networks = await measureWhole(
      space,
      architectures,
      { ...config, latency },
      { ...control, session, ...(journal && { journal }) },
    );
    networks.forEach(({ ns, error = 'no time' }, i) => {
      const candidate = finalists[i]!;
      if (ns > 0) candidate.measured![metric] = ns;
      else {
        failed.set(candidate, `${metric} could not be measured: ${error}`);
        control.onNote?.(`${metric} of ${candidate.architecture.join()} could not be measured: ${error}`);
      }
    });
  }
  return failed;
}

/** The device of a table, where it can be reached. */
async function sessionOf(
  environment: Environment,
  { runtime: { device } }: Config,
  metric: string,
  { openDevice, onNote, ...consent }: ConfirmControl,
): Promise<Session | undefined> {
  const { runtime, threads, batch, dtype, runtimeVersion: command, runnerPattern: pattern } = environment;
  const settings = { threads, batch, dtype };
  if (runtime === 'runner') {
    const refused = refusedRunner(environment, consent);
    if (refused === undefined)
      return new RunnerSession({ ...settings, runtime, command, pattern, device: environment.device });
    onNote?.(`${metric} is not measured: ${refused}; ${RUNNER_HINT}`);
    return undefined;
  }
  const given = await openDevice?.(environment);
  if (given !== undefined) return given;
  if (runtime === 'imported') {
    onNote?.(`${metric} is not measured: its table comes from a file, for ${environment.device}`);
    return undefined;
  }
  const { session, differs } = await sessionLike(environment, device, (tried) =>
    openLocal({ ...settings, runtime, device: tried, kernels: kernelsOf(environment) }),
  );
  if (session !== undefined) return session;
  onNote?.(`${metric} is not measured: this is not the machine of its table (${differs.join('; ')})`);
  return undefined;
}
