import { type Metadata, Server, ServerCredentials, type ServerOptions, status } from '@grpc/grpc-js';
import { SinglePathError } from '../../core/errors.js';
import { type Address, formatAddress, isLoopback } from './address.js';
import { toStatus } from './errors.js';
import { METHOD } from './method.js';
import { LARGEST_MESSAGE, TOKEN_KEY } from './protocol.js';
import { type Call, Tenant } from './tenant.js';
import { sameToken } from './token.js';

export interface AgentOptions {
  /** Port 0: one that is free. */
  listen: Address;
  token: string;
  /** PEM. */
  tls?: { certificate: Uint8Array; key: Uint8Array } | undefined;
  /** Listen on the network without TLS: anyone on the way reads the token. */
  insecurePlaintext?: boolean | undefined;
  /** Seconds that a host may be silent before the device is free again. */
  leaseSeconds: number;
  onEvent?: ((text: string) => void) | undefined;
}

const KEEPALIVE: ServerOptions = { 'grpc.keepalive_time_ms': 10_000, 'grpc.keepalive_timeout_ms': 5_000 };

/** Measures this device for a host: `singlepath agent`. One host at a time. */
export class Agent implements AsyncDisposable {
  #tenant: Tenant | undefined;

  private constructor(
    readonly options: AgentOptions,
    readonly server: Server,
    /** Where it listens. */
    readonly address: Address,
  ) {}

  /**
   * @throws SinglePathError `INVALID_ARGUMENT` for an address that others can reach without TLS and without
   *   `insecurePlaintext`, or a certificate that is none; `DEVICE_UNAVAILABLE` where it cannot listen there.
   */
  static async start(options: AgentOptions): Promise<Agent> {
    const { listen, tls, insecurePlaintext = false } = options;
    if (!isLoopback(listen) && tls === undefined && !insecurePlaintext) {
      throw new SinglePathError(
        'INVALID_ARGUMENT',
        `Expected --tls-cert and --tls-key to listen on ${formatAddress(listen)}, which other machines can reach`,
        { hint: 'docs/latency.md shows how to make a certificate; --insecure-plaintext listens without' },
      );
    }
    const server = new Server({ ...KEEPALIVE, 'grpc.max_receive_message_length': LARGEST_MESSAGE });
    let agent: Agent | undefined;
    server.addService({ measure: METHOD }, { measure: (call: Call) => agent?.admit(call) });
    const port = await bind(server, listen, credentialsOf(tls));
    agent = new Agent(options, server, { host: listen.host, port });
    return agent;
  }

  /** Ends the session that is open, and the server. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#tenant?.end(
      new SinglePathError('DEVICE_UNAVAILABLE', 'it was stopped', {
        hint: 'what was measured is kept: go on with --resume',
      }),
      status.UNAVAILABLE,
    );
    await Promise.race([
      new Promise<void>((resolve) => this.server.tryShutdown(() => resolve())),
      new Promise((resolve) => setTimeout(resolve, 500)),
    ]);
    this.server.forceShutdown();
  }

  /** A call: refused without the token, and while another host has the device. */
  admit(call: Call): void {
    const { leaseSeconds, onEvent } = this.options;
    const peer = call.getPeer();
    const refusal = this.#refusal(call.metadata);
    if (refusal !== undefined) {
      onEvent?.(`refused ${peer}: ${refusal.error.message}`);
      call.on('error', () => {});
      call.emit('error', toStatus(refusal.error, refusal.code));
      return;
    }
    const tenant = new Tenant(call, {
      leaseSeconds,
      onOpen: (host, tool) => onEvent?.(`measuring for ${host} (${tool}, ${peer})`),
      onEnd: () => {
        this.#tenant = undefined;
        onEvent?.(`free: ${tenant.host} is gone`);
      },
    });
    this.#tenant = tenant;
  }

  #refusal(metadata: Metadata): { error: SinglePathError; code: status } | undefined {
    if (!this.#hasToken(metadata)) {
      const error = new SinglePathError('INVALID_ARGUMENT', 'Expected its token', {
        hint: "copy the agent's token file to this machine: --token-file",
      });
      return { error, code: status.UNAUTHENTICATED };
    }
    if (this.#tenant === undefined) return undefined;
    const { host, since } = this.#tenant;
    const error = new SinglePathError(
      'DEVICE_UNAVAILABLE',
      `Expected a free device but ${host} measures on it since ${since.toISOString()}`,
      {
        hint: 'wait for it; a device has one host at a time, so that measurements do not disturb each other',
      },
    );
    return { error, code: status.FAILED_PRECONDITION };
  }

  #hasToken(metadata: Metadata): boolean {
    const [value] = metadata.get(TOKEN_KEY);
    const [, given = ''] = /^Bearer (.+)$/i.exec(String(value ?? '')) ?? [];
    return sameToken(given, this.options.token);
  }
}

function credentialsOf(tls: AgentOptions['tls']): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  try {
    const { certificate, key } = tls;
    return ServerCredentials.createSsl(null, [
      { cert_chain: Buffer.from(certificate), private_key: Buffer.from(key) },
    ]);
  } catch (cause) {
    throw noCertificate(cause);
  }
}

async function bind(server: Server, listen: Address, credentials: ServerCredentials): Promise<number> {
  try {
    return await new Promise((resolve, reject) => {
      server.bindAsync(formatAddress(listen), credentials, (error, port) =>
        error === null ? resolve(port) : reject(error),
      );
    });
  } catch (cause) {
    if (/PEM|certificate|key values mismatch/i.test((cause as Error).message)) throw noCertificate(cause);
    throw new SinglePathError(
      'DEVICE_UNAVAILABLE',
      `Could not listen on ${formatAddress(listen)}: ${(cause as Error).message}`,
      { hint: 'choose another port: --listen 127.0.0.1:0 takes a free one', cause },
    );
  }
}

function noCertificate(cause: unknown): SinglePathError {
  return new SinglePathError(
    'INVALID_ARGUMENT',
    `Expected a certificate and its key in PEM for --tls-cert and --tls-key: ${(cause as Error).message}`,
    { cause },
  );
}
