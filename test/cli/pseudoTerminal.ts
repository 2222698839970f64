import { spawn, spawnSync } from 'node:child_process';
import { MAIN } from './run.js';

/** Why tests at a terminal are skipped here; false where terminals can be made. */
export function withoutTerminals(): string | false {
  const there = spawnSync('script', ['--version']).error === undefined;
  return !there && "util-linux's script, which makes terminals, is not there";
}

export interface TerminalOptions {
  columns?: number;
  cwd?: string;
  /** What a person types after what is on the screen; called whenever something was written. */
  type(output: string): string | undefined;
}

/** Runs singlepath at a terminal. @returns what it wrote there, and its exit code. */
export function atTerminal(args: readonly string[], options: TerminalOptions): Promise<AtTerminal> {
  return inTerminal([process.execPath, MAIN, ...args], options);
}

export interface AtTerminal {
  output: string;
  code: number | null;
}

/** Runs a program at a terminal. */
export function inTerminal(
  program: readonly string[],
  { columns = 100, cwd, type }: TerminalOptions,
): Promise<AtTerminal> {
  const command = `stty cols ${columns}; exec ${program.map((word) => `'${word}'`).join(' ')}`;
  return new Promise((resolve, reject) => {
    const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'ignore'],
      ...(cwd !== undefined && { cwd }),
    });
    let output = '';
    child.stdout.on('data', (data: Buffer) => {
      output += data.toString();
      const typed = type(output);
      if (typed !== undefined) child.stdin.write(typed);
    });
    // A question that never comes is not waited for: what was written tells which.
    const late = setTimeout(() => child.kill(), 120_000);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(late);
      resolve({ output, code });
    });
  });
}

/** Types each answer when its question is on the screen, in this order. */
export function inTurn(
  ...answers: readonly [question: string, answer: string][]
): (output: string) => string | undefined {
  let [next, from] = [0, 0];
  return (output) => {
    const [question, answer] = answers[next] ?? [];
    const at = question === undefined ? -1 : output.indexOf(question, from);
    if (at < 0) return undefined;
    next++;
    from = at + question!.length;
    return answer;
  };
}
