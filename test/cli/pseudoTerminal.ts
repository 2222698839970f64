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
export function atTerminal(
  args: readonly string[],
  { columns = 100, cwd, type }: TerminalOptions,
): Promise<{ output: string; code: number | null }> {
  const words = [process.execPath, MAIN, ...args].map((arg) => `'${arg}'`);
  const command = `stty cols ${columns}; exec ${words.join(' ')}`;
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
    child.on('error', reject);
    child.on('close', (code) => resolve({ output, code }));
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
