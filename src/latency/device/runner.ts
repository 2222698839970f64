import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkArguments } from '../../core/check.js';
import { expected, SinglePathError } from '../../core/errors.js';
import { ioError } from '../../core/files.js';
import { sortedCopy } from '../../core/statistics.js';
import { nanosecondsIn } from '../../cost/constraint.js';
import { importedEnvironment } from '../environment.js';
import type { Block } from '../rows.js';
import { blockKey } from '../rows.js';
import { converged } from '../statistics.js';
import type { Environment } from '../table.js';
import { onnxOf, torchscriptOf } from './networkFiles.js';
import { chainOf, type MeasureJob } from './sampling.js';
import type { JobResult, Plan, RunSettings, Session } from './session.js';

/** Files a command may ask for by `{name}`, and what writes the bytes of a chain of blocks. */
const FILES: Record<string, { extension: string; write(blocks: readonly Block[]): Promise<Uint8Array> }> = {
  torchscript: { extension: '.torchscript.pt', write: torchscriptOf },
  onnx: { extension: '.onnx', write: onnxOf },
};

/** The last number of a line, with a unit or without (then milliseconds). `12,345` is none: its comma may mean either. */
const LAST_LINE = String.raw`(?<![\d.,])(?<value>[-+]?[\d.]+(?:e[-+]?\d+)?|nan|inf)\s*(?<unit>ns|us|µs|ms|s)?\s*$`;

export interface RunnerOptions extends RunSettings {
  /** A shell command with `{torchscript}` or `{onnx}` where the file's path goes. */
  command: string;
  /** Regular expression for the line with the time; groups `value` and `unit`, or the first group in milliseconds. */
  pattern?: string | undefined;
  /** Name of the device, for the table. */
  device: string;
}

/**
 * Measures with a command of the user's: it gets a network as a file and prints how many milliseconds the network takes.
 * Whatever can time a file (trtexec, adb, benchmark_app, your own benchmark) is a device. The time is taken as it is printed.
 */
export class RunnerSession implements Session {
  readonly abilities = { timers: false, overhead: false } as const;
  readonly #pattern: RegExp;
  readonly #kinds: string[];
  #folder: string | undefined;

  /** @throws SinglePathError `INVALID_ARGUMENT` for a command without a known placeholder or a broken pattern. */
  constructor(readonly options: RunnerOptions) {
    checkArguments('RunnerSession', { options });
    const { command, pattern } = options;
    checkArguments('the command of RunnerSession', { text: command });
    const asked = [...command.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
    this.#kinds = asked.filter((name) => Object.hasOwn(FILES, name));
    if (this.#kinds.length === 0) {
      const known = Object.keys(FILES).map((name) => `{${name}}`);
      throw expected(`${known.join(' or ')} where the file's path goes`, '--runner', command, {
        hint: "for example --runner 'examples/latency/bench.py {torchscript}'",
      });
    }
    try {
      this.#pattern = new RegExp(pattern ?? LAST_LINE, 'im');
    } catch (cause) {
      throw expected('a regular expression', '--runner-pattern', pattern, { cause });
    }
  }

  async environment(): Promise<Environment> {
    const { threads, dtype, batch, command, pattern, device } = this.options;
    return {
      ...importedEnvironment(device, batch),
      runtime: 'runner',
      runtimeVersion: command,
      ...(pattern !== undefined && { runnerPattern: pattern }),
      threads,
      dtype,
    };
  }

  async *run(plan: Plan, { signal }: { signal?: AbortSignal | undefined }): AsyncIterable<JobResult> {
    for (const job of plan.jobs) {
      yield await this.#measure(job, chainOf(plan, job), plan.stop, signal);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true, force: true });
  }

  readonly #measure: MeasureJob = async (job, chain, stop, signal) => {
    // A file without a single op is nothing a runner could time.
    if (chain.every(({ graph }) => graph.nodes.length === 0))
      return { seq: job.seq, status: 'ok', totals: [0] };
    const totals: number[] = [];
    const started = performance.now();
    try {
      const command = await this.#commandFor(chain);
      // The command warms up and repeats by itself: its number is one sample.
      do {
        totals.push(Math.round(await this.#once(command, stop.timeout, signal)));
      } while (
        (performance.now() - started) / 1000 < stop.maxSeconds &&
        !converged(sortedCopy(totals), stop.samples, stop.tolerance)
      );
      return { seq: job.seq, status: 'ok', totals };
    } catch (error) {
      if (signal?.aborted || !(error instanceof SinglePathError) || error.code !== 'MEASUREMENT') throw error;
      const status = error.message.includes('did not end') ? 'timeout' : 'failed';
      return { seq: job.seq, status, error: error.message, totals: [] };
    }
  };

  async #commandFor(chain: readonly Block[]): Promise<string> {
    try {
      this.#folder ??= await mkdtemp(join(tmpdir(), 'singlepath-runner-'));
      let command = this.options.command;
      for (const kind of this.#kinds) {
        const { extension, write } = FILES[kind]!;
        const path = join(this.#folder, `network${extension}`);
        await writeFile(path, await write(chain));
        command = command.replaceAll(`{${kind}}`, path);
      }
      return command
        .replaceAll('{shape}', [this.options.batch, ...Object.values(chain[0]!.input)].join('x'))
        .replaceAll('{key}', JSON.stringify(chain.map(blockKey).join(' | ')));
    } catch (error) {
      throw ioError('write a network for the runner into', this.#folder ?? tmpdir(), error);
    }
  }

  /** Nanoseconds that one run of the command prints. */
  async #once(command: string, timeout: number, signal: AbortSignal | undefined): Promise<number> {
    const { code, killed, stdout, stderr } = await runShell(command, timeout, signal);
    const last = (text: string) => text.trim().split('\n').at(-1) ?? '';
    const failed = (what: string, hint?: string) =>
      new SinglePathError('MEASUREMENT', `The runner ${what}: ${command}`, { hint });
    if (signal?.aborted) throw new SinglePathError('ABORTED', 'The runner was stopped');
    if (killed)
      throw failed(`did not end within ${timeout} s`, '--set latency.timeout=SECONDS gives it longer');
    if (code !== 0)
      throw failed(`ended with exit code ${code} (${last(stderr) || last(stdout) || 'it printed nothing'})`);
    const text = this.options.pattern === undefined ? last(stdout) : stdout;
    if (text === '') throw failed('printed nothing', 'its last line must be milliseconds');
    const match = this.#pattern.exec(text);
    const { value = match?.[1], unit = 'ms' } = match?.groups ?? {};
    const ns = Number(value ?? 'NaN') * (nanosecondsIn(unit) ?? Number.NaN);
    if (!(ns > 0 && Number.isFinite(ns))) {
      throw failed(
        `printed no time but '${last(stdout)}'`,
        'its last line must be milliseconds, or use --runner-pattern',
      );
    }
    return ns;
  }
}

interface ShellResult {
  code: number | null;
  /** It was still running after `timeout` seconds. */
  killed: boolean;
  stdout: string;
  stderr: string;
}

/** In a process group of its own, so that what the command starts ends with it. */
function runShell(command: string, timeout: number, signal: AbortSignal | undefined): Promise<ShellResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, { shell: true, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr, killed] = ['', '', false];
    const kill = () => {
      try {
        process.kill(-child.pid!, 'SIGKILL');
      } catch {
        // It ended meanwhile.
      }
    };
    const timer = setTimeout(() => {
      killed = true;
      kill();
    }, timeout * 1000);
    signal?.addEventListener('abort', kill, { once: true });
    child.stdout.on('data', (data: Buffer) => {
      stdout += data.toString();
    });
    child.stderr.on('data', (data: Buffer) => {
      stderr = (stderr + data.toString()).slice(-10_000);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', kill);
      resolve({ code, killed, stdout, stderr });
    });
  });
}
