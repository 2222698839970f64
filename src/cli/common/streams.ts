import { writeLine } from '../../log/terminal.js';

/**
 * What a broken output stream means for the process. A reader that has seen enough (`| head`), a full disk behind `2>log`
 * or a terminal that is gone must not end a training of days: without stderr the work goes on without a log.
 * A result that cannot be written to stdout is an error, but of a work that is done and saved.
 */
export function tolerateBrokenStreams(): void {
  process.stderr.on('error', () => {});
  process.stdout.on('error', stdoutFailed);
}

/** Writes to stdout, which is for data. */
export function writeData(text: string): void {
  try {
    process.stdout.write(text);
  } catch (error) {
    stdoutFailed(error as NodeJS.ErrnoException);
  }
}

function stdoutFailed({ code, message }: NodeJS.ErrnoException): void {
  if (code === 'EPIPE') return; // the reader did not want the rest
  process.exitCode = 1;
  writeLine(`error: Could not write the result to stdout: ${message}`);
}
