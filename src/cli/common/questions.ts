import { createInterface, type Interface } from 'node:readline/promises';
import { InvalidArgumentError } from 'commander';
import { SinglePathError } from '../../core/errors.js';
import { writeLine } from '../../log/terminal.js';

/** Asks people at a terminal, until an answer can be used. Dispose it before anything else reads from the terminal. */
export class Questions implements Disposable {
  readonly #terminal: Interface;
  readonly #ended = new AbortController();

  /** @param signal ends the question that waits. */
  constructor(readonly signal: AbortSignal) {
    this.#terminal = createInterface({ input: process.stdin, output: process.stderr });
    // The terminal is in raw mode while a line is edited: Ctrl-C is a key, no signal.
    this.#terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
    this.#terminal.on('close', () => this.#ended.abort());
  }

  /**
   * @param standard what Enter alone means; shown.
   * @param read what an answer means; where it throws, its error is shown and the question asked again.
   * @throws SinglePathError `ABORTED` on Ctrl-C and Ctrl-D.
   */
  async ask<Value>(
    question: string,
    standard: string,
    read: (answer: string) => Value | Promise<Value>,
  ): Promise<Value> {
    for (;;) {
      const answer = await this.#line(`${question}${standard === '' ? '' : ` [${standard}]`}: `);
      try {
        return await read(answer.trim() || standard);
      } catch (error) {
        if (!isUsers(error)) throw error;
        writeLine(
          error instanceof SinglePathError && error.hint ? `${error.message} (${error.hint})` : error.message,
        );
      }
    }
  }

  [Symbol.dispose](): void {
    this.#terminal.close();
  }

  async #line(prompt: string): Promise<string> {
    try {
      return await this.#terminal.question(prompt, {
        signal: AbortSignal.any([this.signal, this.#ended.signal]),
      });
    } catch (cause) {
      throw new SinglePathError('ABORTED', 'Stopped before all was answered: nothing is written', { cause });
    }
  }
}

/** Whether an error is about what somebody typed. */
function isUsers(error: unknown): error is SinglePathError | InvalidArgumentError {
  if (error instanceof SinglePathError) return error.code !== 'ABORTED' && error.code !== 'NATIVE_MISSING';
  return error instanceof InvalidArgumentError;
}
