/** What all experiments share: results that say where they come from. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { basename, join } from 'node:path';
import { packageRoot } from '../src/core/packageRoot.js';
import { meanOf } from '../src/core/statistics.js';
import { kendallTau, pearson } from '../src/search/correlation.js';

/** Writes `<experiment>/results/<name>.json` with the command, commit and machine that it was measured with. */
export function writeResult(experiment: string, name: string, result: unknown): void {
  const folder = join(packageRoot(), 'experiments', experiment);
  const [processor] = cpus();
  const output = (file: string, args: string[]): string | undefined => {
    try {
      return execFileSync(file, args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' }).trim();
    } catch {
      return undefined;
    }
  };
  const command = [
    basename(process.argv[1]!),
    ...process.argv.slice(2).map((argument) => basename(argument)),
  ];
  const gpu = output('nvidia-smi', ['--query-gpu=name', '--format=csv,noheader']);
  const document = {
    command: command.join(' '),
    // A packed copy has no repository: it is told its commit.
    commit: output('git', ['rev-parse', '--short', 'HEAD']) ?? process.env.SINGLEPATH_COMMIT ?? 'unknown',
    date: new Date().toISOString().slice(0, 10),
    machine: {
      processor: processor?.model ?? 'unknown',
      cores: cpus().length,
      ...(gpu !== undefined && { gpu }),
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      node: process.versions.node,
    },
    result,
  };
  mkdirSync(join(folder, 'results'), { recursive: true });
  const file = join(folder, 'results', `${name}.json`);
  writeFileSync(file, `${JSON.stringify(document, null, 1)}\n`);
  console.log(`written to ${file}`);
}

/** How well x tells y: tau, and what a straight line from x to y leaves of `points`, which rank as y does. */
export function agreement(
  x: readonly number[],
  y: readonly number[],
  points: readonly number[] = y,
): { tau: number; residual: number } {
  return { tau: kendallTau(x, y), residual: deviation(points) * Math.sqrt(1 - pearson(x, y) ** 2) };
}

/** Standard deviation about the mean, for comparison with what a line leaves: it takes two numbers to fit. */
export function deviation(points: readonly number[]): number {
  const mean = meanOf(points);
  const squares = points.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / Math.max(1, points.length - 2));
}

/** Mean and standard error over seeds; the error is null for one seed. */
export function meanAndError(values: readonly number[]): { mean: number; error: number | null } {
  const mean = meanOf(values);
  if (values.length < 2) return { mean, error: null };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, error: Math.sqrt(variance / values.length) };
}
