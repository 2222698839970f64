import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import { SinglePathError } from '../../core/errors.js';
import { packageVersion } from '../../runtime/addon.js';
import { ChildSession } from '../device/child.js';
import type { Session } from '../device/session.js';
import { toStatus } from './errors.js';
import { checkedRun, checkedSettings } from './plan.js';
import {
  type AgentMessage,
  type HostMessage,
  LARGEST_MESSAGE,
  PROTOCOL,
  type RunMessage,
} from './protocol.js';

export type Call = ServerDuplexStream<HostMessage, AgentMessage>;

export interface TenantOptions {
  leaseSeconds: number;
  /** The host has said who it is. */
  onOpen(host: string, tool: string): void;
  /** The device is free again. */
  onEnd(): void;
}

/** One session of a host: its stream, its lease and its measuring process. */
export class Tenant {
  readonly since = new Date();
  host = 'a host that has not said its name';
  #session: Session | undefined;
  #cancel: AbortController | undefined;
  #lease: NodeJS.Timeout | undefined;
  #ended = false;
  /** Messages are answered one after another. */
  #work: Promise<void> = Promise.resolve();

  constructor(
    readonly call: Call,
    readonly options: TenantOptions,
  ) {
    this.#renew();
    call.on('data', (message: HostMessage) => this.#receive(message));
    call.on('end', () => this.end());
    call.on('cancelled', () => this.end());
    call.on('error', () => this.end());
  }

  /** Ends what runs and frees the device; with an error, the host is told. */
  end(error?: unknown, code?: status): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#lease);
    this.#cancel?.abort();
    void this.#session?.[Symbol.asyncDispose]();
    this.options.onEnd();
    if (error === undefined) this.call.end();
    else this.call.emit('error', toStatus(error, code));
  }

  #receive(message: HostMessage): void {
    if (this.#ended) return;
    this.#renew();
    if (message.alive !== undefined) return;
    if (message.cancel !== undefined) {
      this.#cancel?.abort();
      return;
    }
    this.#work = this.#work.then(() => this.#answer(message)).catch((error: unknown) => this.end(error));
  }

  async #answer({ open, run, look }: HostMessage): Promise<void> {
    if (this.#ended) return;
    if (open !== undefined) return await this.#open(open);
    if (this.#session === undefined) {
      throw new SinglePathError('INVALID_ARGUMENT', 'Expected an Open as the first message of a session');
    }
    if (look !== undefined) this.#send({ environment: await this.#session.environment() });
    else if (run !== undefined) await this.#run(run, this.#session);
    else
      throw new SinglePathError('INVALID_ARGUMENT', 'Expected a message of a kind that this version knows');
  }

  async #open({ protocol, tool, host, settings }: NonNullable<HostMessage['open']>): Promise<void> {
    const { major, minor } = protocol ?? { major: 0, minor: 0 };
    if (major !== PROTOCOL.major) {
      throw new SinglePathError(
        'DEVICE_UNAVAILABLE',
        `Expected protocol ${PROTOCOL.major} of this agent (singlepath ${packageVersion()}) but the host (${tool}) speaks ${major}.${minor}`,
        { hint: 'install the same version of singlepath on both' },
      );
    }
    if (this.#session !== undefined) {
      throw new SinglePathError(
        'INVALID_ARGUMENT',
        'Expected one Open in a session but received a second one',
      );
    }
    this.host = host;
    this.options.onOpen(host, tool);
    const session = await ChildSession.open(checkedSettings(settings));
    if (this.#ended) return await session[Symbol.asyncDispose]();
    this.#session = session;
    this.#send({
      opened: {
        protocol: PROTOCOL,
        tool: `singlepath ${packageVersion()}`,
        ...session.abilities,
        leaseSeconds: this.options.leaseSeconds,
        largestMessage: LARGEST_MESSAGE,
      },
    });
  }

  async #run(message: RunMessage, session: Session): Promise<void> {
    const run = message.id;
    const { plan, refused } = checkedRun(message);
    const send = ({ blocks = [], ...result }: (typeof refused)[number]): void =>
      this.#send({ result: { run, ...result, blocks: blocks.map((ns) => ({ ns })) } });
    for (const result of refused) send(result);
    this.#cancel = new AbortController();
    const { signal } = this.#cancel;
    try {
      for await (const result of session.run(plan, { signal })) send(result);
    } catch (error) {
      // The host has asked for it and goes on.
      if (!signal.aborted) throw error;
    }
    this.#send({ done: { run } });
  }

  #send(message: AgentMessage): void {
    if (!this.#ended) this.call.write(message);
  }

  #renew(): void {
    clearTimeout(this.#lease);
    const { leaseSeconds } = this.options;
    this.#lease = setTimeout(() => {
      const error = new SinglePathError(
        'DEVICE_UNAVAILABLE',
        `The lease of the device ended: the host was silent for ${leaseSeconds} s`,
        { hint: 'what was measured is kept: go on with --resume' },
      );
      this.end(error, status.DEADLINE_EXCEEDED);
    }, leaseSeconds * 1000);
  }
}
