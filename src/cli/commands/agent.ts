import { Command } from 'commander';
import type { AgentCommandOptions } from '../actions/agent.js';
import { withHelp } from '../common/help.js';
import { LOG, positiveNumber, withOptions } from '../common/options.js';

/** `singlepath agent`: lends this device to hosts that measure latency tables. */
export function agentCommand(): Command {
  const command = withOptions(
    new Command('agent')
      .description('let other machines measure latency tables on this one (docs/latency.md)')
      .option(
        '--listen <host:port>',
        'where to listen; only this machine can reach the default, 127.0.0.1:7757',
      )
      .option(
        '--token-file <file>',
        'file with the secret that hosts must have, readable by you alone; it is made if there is none (or set SINGLEPATH_AGENT_TOKEN)',
      )
      .option('--tls-cert <file>', 'certificate in PEM; needed to listen on the network')
      .option('--tls-key <file>', 'its private key in PEM')
      .option('--insecure-plaintext', 'listen on the network without TLS: anyone on the way reads the token')
      .option(
        '--lease <seconds>',
        'a host that is silent for so long loses the device; 30 by default',
        positiveNumber,
      ),
    LOG,
  ).action(async (options: AgentCommandOptions) => {
    const { runAgent } = await import('../actions/agent.js');
    await runAgent(options);
  });
  return withHelp(command, {
    examples: [
      ['singlepath agent --token-file token', 'serve hosts on this machine, or through an ssh tunnel'],
      [
        'singlepath agent --listen 0.0.0.0:7757 --token-file token --tls-cert cert.pem --tls-key key.pem',
        'serve hosts on the network',
      ],
      ['taskset -c 2,3 singlepath agent --token-file token', 'measure on two of the processors'],
    ],
    exitCodes: [3],
  });
}
