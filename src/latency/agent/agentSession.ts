import { hostname, userInfo } from 'node:os';
import { Client, type ClientDuplexStream, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { SinglePathError } from '../../core/errors.js';
import { packageVersion } from '../../runtime/addon.js';
import type { Abilities, DeviceSettings, JobResult, Plan, Session } from '../device/session.js';
import type { Environment } from '../table.js';
import { type Address, formatAddress, isLoopback } from './address.js';
import { fromStatus } from './errors.js';
import { batchesOf, runMessage } from './hostPlan.js';
import { METHOD } from './method.js';
import { type AgentMessage, type HostMessage, LARGEST_MESSAGE, PROTOCOL, TOKEN_KEY } from './protocol.js';

export interface AgentConnection {
  address: Address;
  token: string;
  /** PEM of who signed the agent's certificate; absent: the authorities the system knows. */
  ca?: Uint8Array | undefined;
  /** Without TLS over a network. */
  insecurePlaintext?: boolean | undefined;
}

/** Seconds for an agent to load libtorch and answer. */
const OPEN_SECONDS = 180;
/** Seconds between two signs of life while the agent has not said how long a lease is. */
const FIRST_RENEWALS = 0.25;

/** A device with an agent on it, measured over the network. */
export class AgentSession implements Session {
  readonly #client: Client;
  readonly #call: ClientDuplexStream<HostMessage, AgentMessage>;
  readonly #address: string;
  readonly #messages: AgentMessage[] = [];
  #opened: NonNullable<AgentMessage['opened']> | undefined;
  #failure: SinglePathError | undefined;
  #wake: (() => void) | undefined;
  #renewal: NodeJS.Timeout | undefined;
  #runs = 0;

  private constructor({ address, token, ca, insecurePlaintext }: AgentConnection) {
    this.#address = formatAddress(address);
    // This machine needs no TLS, and may have it.
    const plain = insecurePlaintext === true || (isLoopback(address) && ca === undefined);
    this.#client = new Client(
      this.#address,
      plain ? credentials.createInsecure() : credentials.createSsl(ca === undefined ? null : Buffer.from(ca)),
      {
        'grpc.max_receive_message_length': LARGEST_MESSAGE,
        'grpc.keepalive_time_ms': 10_000,
        'grpc.keepalive_timeout_ms': 5_000,
        'grpc.enable_retries': 0,
        ...(isLoopback(address) && { 'grpc.enable_http_proxy': 0 }),
      },
    );
    const metadata = new Metadata();
    metadata.set(TOKEN_KEY, `Bearer ${token}`);
    this.#call = this.#client.makeBidiStreamRequest(
      METHOD.path,
      METHOD.requestSerialize,
      METHOD.responseDeserialize,
      metadata,
    );
    this.#call.on('data', (message: AgentMessage) => {
      this.#messages.push(message);
      this.#wake?.();
    });
    this.#call.on('error', (error: ServiceError) => {
      this.#fail(fromStatus(error, this.#address, this.#opened !== undefined));
    });
    this.#call.on('end', () => this.#fail(this.#lost('it ended the session')));
  }

  /**
   * @throws SinglePathError `DEVICE_UNAVAILABLE` where no agent answers, it is of another version or in use;
   *   `INVALID_ARGUMENT` for a wrong token; what the session of the runtime throws there.
   */
  static async open(connection: AgentConnection, settings: DeviceSettings): Promise<AgentSession> {
    const session = new AgentSession(connection);
    try {
      await session.#open(settings);
      return session;
    } catch (error) {
      await session[Symbol.asyncDispose]();
      throw error;
    }
  }

  get abilities(): Abilities {
    const { timers, overhead } = this.#opened!;
    return { timers, overhead };
  }

  async environment(): Promise<Environment> {
    this.#send({ look: {} });
    for (;;) {
      const { environment } = await this.#next();
      if (environment !== undefined) return environment;
    }
  }

  async *run(plan: Plan, { signal }: { signal?: AbortSignal | undefined }): AsyncIterable<JobResult> {
    for (const jobs of batchesOf(plan, this.#opened!.largestMessage)) {
      const id = ++this.#runs;
      this.#send({ run: runMessage({ ...plan, jobs }, id) });
      let running = true;
      try {
        while (running) {
          const { result, done } = await this.#next(signal);
          if (result?.run === id) yield resultOf(result);
          if (done?.run === id) running = false;
        }
      } finally {
        // Aborted, or nobody wants the rest.
        if (running) this.#send({ cancel: {} });
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#renewal);
    this.#failure ??= this.#lost('it was closed here');
    this.#call.cancel();
    this.#client.close();
  }

  async #open(settings: DeviceSettings): Promise<void> {
    const tool = `singlepath ${packageVersion()}`;
    const host = `${userInfo().username}@${hostname()}, process ${process.pid}`;
    this.#send({ open: { protocol: PROTOCOL, tool, host, settings } });
    this.#renewEvery(FIRST_RENEWALS);
    const { opened } = await this.#next(AbortSignal.timeout(OPEN_SECONDS * 1000));
    if (opened === undefined || opened.protocol.major !== PROTOCOL.major) {
      throw new SinglePathError(
        'DEVICE_UNAVAILABLE',
        `Expected protocol ${PROTOCOL.major} of the agent at ${this.#address} but it speaks ${opened?.protocol.major ?? 'another one'}`,
        { hint: 'install the same version of singlepath on both' },
      );
    }
    this.#opened = opened;
    this.#renewEvery(opened.leaseSeconds / 3);
  }

  #renewEvery(seconds: number): void {
    clearInterval(this.#renewal);
    this.#renewal = setInterval(() => this.#send({ alive: {} }), 1000 * seconds).unref();
  }

  #send(message: HostMessage): void {
    if (this.#failure === undefined) this.#call.write(message);
  }

  #fail(error: SinglePathError): void {
    this.#failure ??= error;
    clearInterval(this.#renewal);
    this.#wake?.();
  }

  #lost(why: string): SinglePathError {
    return new SinglePathError(
      'MEASUREMENT',
      `The connection to the agent at ${this.#address} was lost: ${why}`,
      {
        hint: 'what was measured is kept: go on with --resume',
      },
    );
  }

  /** The next message. @throws SinglePathError why there is none; `ABORTED` with the signal. */
  async #next(signal?: AbortSignal): Promise<AgentMessage> {
    while (this.#messages.length === 0) {
      if (this.#failure !== undefined) throw this.#failure;
      if (signal?.aborted) throw this.#aborted(signal);
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          signal?.removeEventListener('abort', wake);
          this.#wake = undefined;
          resolve();
        };
        this.#wake = wake;
        signal?.addEventListener('abort', wake, { once: true });
      });
    }
    return this.#messages.shift()!;
  }

  #aborted({ reason }: AbortSignal): SinglePathError {
    if ((reason as Error | undefined)?.name === 'TimeoutError') {
      return new SinglePathError(
        'DEVICE_UNAVAILABLE',
        `Expected an answer of the agent at ${this.#address} within ${OPEN_SECONDS} s`,
      );
    }
    return new SinglePathError('ABORTED', 'The measurement was stopped', { cause: reason });
  }
}

function resultOf({ run: _, blocks, ...result }: NonNullable<AgentMessage['result']>): JobResult {
  return { ...result, ...(blocks.length > 0 && { blocks: blocks.map(({ ns }) => ns) }) };
}
