import { agentSchema } from '../../config/schema/agent.js';
import { expected } from '../../core/errors.js';
import { readBytes } from '../../core/files.js';
import { formatAddress, parseAddress } from '../../latency/agent/address.js';
import { Agent } from '../../latency/agent/agent.js';
import { PROTOCOL } from '../../latency/agent/protocol.js';
import { makeTokenFile, readToken } from '../../latency/agent/token.js';
import { packageVersion } from '../../runtime/addon.js';
import type { LogOptions } from '../common/options.js';
import { printText } from '../common/output.js';
import { createSession } from '../common/session.js';
import { stoppable } from '../common/signals.js';

export interface AgentCommandOptions extends LogOptions {
  listen?: string;
  tokenFile?: string;
  tlsCert?: string;
  tlsKey?: string;
  insecurePlaintext?: boolean;
  lease?: number;
}

/** `singlepath agent`: runs until it is stopped. */
export async function runAgent(options: AgentCommandOptions): Promise<void> {
  const { tokenFile, tlsCert, tlsKey, insecurePlaintext } = options;
  const { listen, lease } = agentSchema.parse({ listen: options.listen, lease: options.lease });
  const address = parseAddress(listen, '--listen');
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw expected('both or none', '--tls-cert and --tls-key', tlsCert ?? tlsKey);
  }
  const tls =
    tlsCert === undefined ? undefined : { certificate: readBytes(tlsCert), key: readBytes(tlsKey!) };
  const { log } = createSession(options);
  if (tokenFile !== undefined && makeTokenFile(tokenFile)) {
    log.info(`made a new token in ${tokenFile}: copy it to the machines that measure`);
  }
  const token = readToken(tokenFile);
  await stoppable({}, async (signal) => {
    await using agent = await Agent.start({
      listen: address,
      token,
      tls,
      insecurePlaintext,
      leaseSeconds: lease,
      onEvent: (text) => log.info(text),
    });
    printText(
      `listening on ${formatAddress(agent.address)} (singlepath ${packageVersion()}, protocol ${PROTOCOL.major}.${PROTOCOL.minor}, ${tls ? 'TLS' : 'no TLS'})`,
    );
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  });
}
