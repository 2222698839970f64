import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../src/core/packageRoot.js';
import type { BenchSettings } from './settings.js';

/** One measurement of one side. */
export interface Measurement {
  /** Median seconds of a training step, or of one candidate. */
  seconds: number;
  /** Largest resident set of the process. */
  rssMegabytes: number;
  /** Seconds a candidate inside a population with shared prefixes (ours, `evaluate` only). */
  sharedSeconds?: number;
}

export interface Side {
  name: string;
  /** Whether the others are compared with this one. */
  isBase: boolean;
  measure(): Measurement;
}

/** glibc settings that spare PyTorch a fresh mmap per tensor (peer/pytorch_supernet.py). */
const TUNED_MALLOC = {
  MALLOC_MMAP_THRESHOLD_: '4294967296',
  MALLOC_TRIM_THRESHOLD_: '8589934592',
  MALLOC_TOP_PAD_: '67108864',
};
/** The space that peer/pytorch_supernet.py builds. */
export const PEER_SPACE = 'spos-shufflenet-v2';

const python = process.env.SINGLEPATH_PYTHON ?? 'python3';
const peerScript = join(packageRoot(), 'bench', 'peer', 'pytorch_supernet.py');

/** Why the peer cannot run here; undefined when it can. */
export function peerMissing(): string | undefined {
  try {
    execFileSync(python, ['-c', 'import torch'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return `${python} cannot import torch; set SINGLEPATH_PYTHON to a Python that can (pip install torch)`;
  }
}

/** All sides, the paths they share written to a file. */
export function sidesOf(settings: BenchSettings, paths: number[][]): Side[] {
  const pathFile = join(mkdtempSync(join(tmpdir(), 'singlepath-bench-')), 'paths.json');
  writeFileSync(pathFile, JSON.stringify(paths));
  if (settings.space !== undefined) {
    return [
      ours('aten', 'fp32', true),
      ours('fused', 'fp32'),
      ours('aten', 'bf16', true),
      ours('fused', 'bf16'),
    ];
  }
  const missing = peerMissing();
  if (missing !== undefined) console.error(`peer skipped: ${missing}`);
  const peers = missing === undefined ? [peer('contiguous', false), peer('channels_last', true)] : [];
  return [...peers, ours('aten', 'fp32'), ours('fused', 'fp32'), ours('fused', 'bf16')];

  function peer(format: string, tuned: boolean): Side {
    return {
      name: `PyTorch ${format}${tuned ? ', tuned malloc' : ', as installed'}`,
      isBase: true,
      measure() {
        const mode = settings.what === 'evaluate' ? 'eval' : 'train';
        const options = {
          mode,
          batch: settings.batch,
          size: settings.size,
          steps: settings.steps,
          threads: settings.threads,
          candidates: settings.candidates,
          paths: pathFile,
          'memory-format': format,
        };
        const args = Object.entries(options).flatMap(([key, value]) => [`--${key}`, String(value)]);
        const env = { ...process.env, ...environment(settings), ...(tuned ? TUNED_MALLOC : {}) };
        const line = execFileSync(python, [peerScript, ...args], { env, encoding: 'utf8' });
        const result = JSON.parse(line) as { median_step_s: number; max_rss_mb: number };
        return { seconds: result.median_step_s, rssMegabytes: result.max_rss_mb };
      },
    };
  }

  function ours(kernels: 'fused' | 'aten', precision: 'fp32' | 'bf16', isBase = false): Side {
    return {
      name: `singlepath ${kernels} ${precision}`,
      isBase,
      measure() {
        const script = fileURLToPath(new URL('ours.js', import.meta.url));
        const job = JSON.stringify({ ...settings, kernels, precision, paths });
        const env = { ...process.env, ...environment(settings) };
        return JSON.parse(
          execFileSync(process.execPath, [script, job], { env, encoding: 'utf8' }),
        ) as Measurement;
      },
    };
  }
}

function environment(settings: BenchSettings) {
  return { OMP_NUM_THREADS: String(settings.threads), GOMP_SPINCOUNT: '1000' };
}
