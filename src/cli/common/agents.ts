import type { Config } from '../../config/schema/config.js';
import { agentDevices } from '../../pipeline/agentDevice.js';
import type { ConfirmControl } from '../../pipeline/confirmLatency.js';
import type { AgentsOptions } from './latencyOptions.js';

/** How finalists are measured, with the agents of the command line where there are any. */
export function withAgents<Control extends ConfirmControl>(
  latency: Control,
  options: AgentsOptions,
  config: Config,
): Control & ConfirmControl {
  const { agent } = options;
  if (agent.length === 0) return latency;
  return { ...latency, openDevice: agentDevices(agent, options, config, latency.onNote) };
}
