import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { SinglePathError } from '../../core/errors.js';
import type { Environment } from '../table.js';
import type { FromChild, PlainError, ToChild } from './childMessages.js';
import type { Abilities, DeviceSettings, Job, JobResult, Plan, Session, StopRule } from './session.js';

const PROGRAM = fileURLToPath(new URL('./childProcess.js', import.meta.url));

/** Seconds for a measuring process to load libtorch and answer. */
const START_SECONDS = 120;
/** Seconds for a job that was cancelled to end by itself. */
const CANCEL_SECONDS = 2;
/** Characters of what it wrote to stderr that are kept. */
const KEPT_TEXT = 2000;

/**
 * Measures on this machine in a process of its own, under a watchdog: a job that crashes or hangs ends that process and
 * is a status; the next job runs in a new one.
 */
export class ChildSession implements Session {
  #child: Child | undefined;

  private constructor(
    readonly settings: DeviceSettings,
    readonly abilities: Abilities,
    child: Child,
  ) {
    this.#child = child;
  }

  /** @throws SinglePathError what the session of the runtime throws; `MEASUREMENT` where no process starts. */
  static async open(settings: DeviceSettings): Promise<ChildSession> {
    const { child, abilities } = await startChild(settings);
    return new ChildSession(settings, abilities, child);
  }

  async environment(): Promise<Environment> {
    const child = await this.#living();
    child.send({ type: 'environment' });
    const answer = await child.next(START_SECONDS);
    if (answer.type === 'environment') return answer.environment;
    throw this.#lost(answer);
  }

  async *run(
    { blocks, stop, jobs }: Plan,
    { signal }: { signal?: AbortSignal | undefined },
  ): AsyncIterable<JobResult> {
    let done = 0;
    while (done < jobs.length) {
      if (signal?.aborted) throw stopped(signal);
      const child = await this.#living();
      const left = jobs.slice(done);
      child.send({ type: 'run', plan: { blocks, stop, jobs: left } });
      let running = true;
      try {
        for (const job of left) {
          const result = await this.#answer(child, job, stop, signal);
          done++;
          running = child === this.#child;
          yield result;
          if (!running) break; // that job ended the process
        }
        if (running) await child.next(START_SECONDS); // done
        running = false;
      } finally {
        // Aborted, or nobody wants the rest.
        if (running) await this.#cancel(child);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child?.kill();
    this.#child = undefined;
  }

  async #answer(
    child: Child,
    { seq }: Job,
    stop: StopRule,
    signal: AbortSignal | undefined,
  ): Promise<JobResult> {
    const answer = await child.next(secondsFor(stop), signal);
    switch (answer.type) {
      case 'result':
        return answer.result;
      case 'aborted':
        throw stopped(signal);
      case 'silent':
        this.#end(child);
        return failed(seq, 'timeout', `it did not end within ${secondsFor(stop)} s`);
      case 'exit':
        this.#end(child);
        return failed(seq, 'failed', `the measuring process ended with ${answer.how}`);
      case 'failed':
        this.#end(child);
        return failed(seq, 'failed', answer.error.message);
      default:
        throw this.#lost(answer);
    }
  }

  /** Ends the present run of the process; one that does not listen is ended itself. */
  async #cancel(child: Child): Promise<void> {
    child.send({ type: 'cancel' });
    let answer: Answer;
    do answer = await child.next(CANCEL_SECONDS);
    while (answer.type === 'result');
    if (answer.type === 'silent' || answer.type === 'exit') this.#end(child);
  }

  async #living(): Promise<Child> {
    this.#child ??= (await startChild(this.settings)).child;
    return this.#child;
  }

  #end(child: Child): void {
    child.kill();
    this.#child = undefined;
  }

  #lost(answer: Answer): SinglePathError {
    if (this.#child !== undefined) this.#end(this.#child);
    return errorOf(answer);
  }
}

/** Longer than any job takes that answers: warm-up, samples, and what one call may take. */
function secondsFor({ warmUpSeconds, maxSeconds, timeout }: StopRule): number {
  return warmUpSeconds + maxSeconds + timeout;
}

function failed(seq: number, status: 'failed' | 'timeout', error: string): JobResult {
  return { seq, status, error, totals: [] };
}

function stopped(signal: AbortSignal | undefined): SinglePathError {
  return new SinglePathError('ABORTED', 'The measurement was stopped', { cause: signal?.reason });
}

async function startChild(settings: DeviceSettings): Promise<{ child: Child; abilities: Abilities }> {
  const child = new Child();
  child.send({ type: 'open', settings });
  const answer = await child.next(START_SECONDS);
  if (answer.type === 'opened') return { child, abilities: answer.abilities };
  child.kill();
  throw errorOf(answer);
}

function errorOf(answer: Answer): SinglePathError {
  if (answer.type === 'failed') {
    const { code, message, hint }: PlainError = answer.error;
    return new SinglePathError(code, message, { hint });
  }
  const what = answer.type === 'exit' ? `ended with ${answer.how}` : 'does not answer';
  return new SinglePathError('MEASUREMENT', `The measuring process ${what}`);
}

/** What a process says next, or why it says nothing. */
type Answer = FromChild | { type: 'exit'; how: string } | { type: 'silent' } | { type: 'aborted' };

/** A process and its messages in order. */
class Child {
  readonly #process: ChildProcess = fork(PROGRAM, {
    serialization: 'advanced',
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  readonly #messages: Answer[] = [];
  #wake: (() => void) | undefined;
  #stderr = '';

  constructor() {
    const child = this.#process;
    child.stderr!.on('data', (data: Buffer) => {
      this.#stderr = (this.#stderr + data.toString()).slice(-KEPT_TEXT);
    });
    child.on('message', (message: FromChild) => this.#push(message));
    child.on('error', (error) => this.#push({ type: 'exit', how: error.message }));
    child.on('close', (code, signal) => {
      const last = this.#stderr.trim().split('\n').at(-1) ?? '';
      this.#push({
        type: 'exit',
        how: `${signal ?? `exit code ${code}`}${last === '' ? '' : ` (${last})`}`,
      });
    });
  }

  send(message: ToChild): void {
    this.#process.send(message, () => {}); // that it is gone is told by `close`
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }

  /** The next message; `silent` after so many seconds, `aborted` with the signal. */
  next(seconds: number, signal?: AbortSignal): Promise<Answer> {
    const waiting = this.#messages.shift();
    if (waiting !== undefined) return Promise.resolve(waiting);
    if (signal?.aborted) return Promise.resolve({ type: 'aborted' });
    return new Promise((resolve) => {
      const settle = (answer: Answer): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        this.#wake = undefined;
        resolve(answer);
      };
      const onAbort = () => settle({ type: 'aborted' });
      const timer = setTimeout(() => settle({ type: 'silent' }), Math.min(seconds * 1000, 2 ** 31 - 1));
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#wake = () => settle(this.#messages.shift()!);
    });
  }

  #push(message: Answer): void {
    this.#messages.push(message);
    this.#wake?.();
  }
}
