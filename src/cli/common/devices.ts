import type { Config } from '../../config/schema/config.js';
import { limitsLatency } from '../../config/schema/search.js';
import { agentDevices } from '../../pipeline/latency/agentDevice.js';
import type { ConfirmControl } from '../../pipeline/latency/confirmLatency.js';
import { checkAccess } from './latencyChecks.js';
import type { DevicesOptions } from './latencyOptions.js';
import { refuseWithoutEffect } from './withoutEffect.js';

/** @throws SinglePathError `INVALID_ARGUMENT` for devices where nothing is measured on one. */
export function checkDevices(options: DevicesOptions, { search, latency }: Config): void {
  const { agent, runner } = options;
  checkAccess(options, agent.length > 0);
  const measures = limitsLatency(search);
  if (measures && latency.finalists > 0) return;
  const expected = measures
    ? 'latency.finalists above 0 beside'
    : "a limit such as --constraint 'latency[pi.lut]<=12ms' beside";
  refuseWithoutEffect([
    { option: '--agent', given: agent[0], expected },
    { option: '--runner', given: runner[0], expected },
  ]);
}

/** How finalists are measured, with the agents and commands of the command line where there are any. */
export function withDevices<Control extends ConfirmControl>(
  latency: Control,
  options: DevicesOptions,
  config: Config,
): Control & ConfirmControl {
  const { agent, runner: runners, trust } = options;
  const openDevice = agent.length === 0 ? undefined : agentDevices(agent, options, config, latency.onNote);
  return { ...latency, runners, trust, ...(openDevice && { openDevice }) };
}
