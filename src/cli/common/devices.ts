import type { Config } from '../../config/schema/config.js';
import { agentDevices } from '../../pipeline/latency/agentDevice.js';
import type { ConfirmControl } from '../../pipeline/latency/confirmLatency.js';
import type { DevicesOptions } from './latencyOptions.js';

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
