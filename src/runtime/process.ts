import { execFileSync, spawn } from 'node:child_process';
import { SinglePathError } from '../core/errors.js';

/** First line a program prints about itself, or undefined where it cannot be run. */
export function versionLine(program: string, args: readonly string[] = ['--version']): string | undefined {
  try {
    const output = execFileSync(program, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 20_000,
    });
    return output.split('\n')[0]!.trim();
  } catch {
    return undefined;
  }
}

/**
 * Runs a program with everything it prints on our stderr, which keeps stdout for data.
 *
 * @throws SinglePathError `NATIVE_MISSING` when it cannot be started or fails.
 */
export function runToStderr(
  program: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; hint: string },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (how: string, cause?: unknown) =>
      reject(
        new SinglePathError('NATIVE_MISSING', `${program} ${args.slice(0, 3).join(' ')} ${how}`, {
          hint: options.hint,
          cause,
        }),
      );
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ['ignore', 2, 2],
    });
    child.on('error', (error) => fail(`could not be started: ${error.message}`, error));
    child.on('close', (code, signal) =>
      code === 0 ? resolve() : fail(`ended with ${signal ?? `exit code ${code}`}`),
    );
  });
}
