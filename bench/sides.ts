import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../src/core/packageRoot.js';
import { RandomStream } from '../src/core/rng.js';
import { costOf } from '../src/cost/cost.js';
import { getSpace } from '../src/space/spaces/catalog.js';
import type { SearchSpace } from '../src/space/types.js';
import { describeNetwork } from '../src/supernet/description.js';
import type { BenchSettings } from './settings.js';
import { median } from './statistics.js';

/** One measurement of one side. */
export interface Measurement {
  /** Median seconds of a training step, or of one candidate. */
  seconds: number;
  /** Largest resident set of the process. */
  rssMegabytes: number;
  /** Resident set of the process once libtorch was loaded, before it had a network and images. */
  bareMegabytes: number;
  /** Over all steps (training only). */
  imagesPerSecond?: number;
  /** Processor time of the steps by the clock: how many cores the process had (training only). */
  cores?: number;
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
const DEFAULT_SPACE = 'spos-shufflenet-v2';
const CLASSES = 100;
const PATHS = 64;

export const python = process.env.SINGLEPATH_PYTHON ?? 'python3';
export const peerScript = join(packageRoot(), 'bench', 'peer', 'pytorch_supernet.py');

/** Why the peer cannot run here; undefined when it can. */
export function peerMissing(): string | undefined {
  try {
    execFileSync(python, ['-c', 'import torch'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return `${python} cannot import torch; set SINGLEPATH_PYTHON to a Python that can (pip install torch)`;
  }
}

/** The space of a bench, for images of its size. */
export function spaceOf({ space = DEFAULT_SPACE, size }: BenchSettings): SearchSpace {
  return getSpace(space, { size, classes: CLASSES });
}

/** Batches that a candidate is calibrated on, and as many that it is scored on: ours.ts and the peer. */
export const CANDIDATE_BATCHES = 4;
/** Steps before the timed ones. */
export const WARMUP_STEPS = 3;

/**
 * Floating-point operations of the median step or candidate, two for a multiply-add. A step computes each product three times: forward and
 * for both gradients. Operations of Winograd's and other ways that need fewer count in full.
 */
export function operationsOf(settings: BenchSettings): number {
  const space = spaceOf(settings);
  const candidate = settings.what === 'evaluate';
  const [from, count] = candidate ? [0, settings.candidates] : [WARMUP_STEPS, settings.steps];
  const paths = pathsOf(space);
  const madds = Array.from(
    { length: count },
    (_, i) => costOf(space, paths[(from + i) % paths.length]!).madds,
  );
  return 2 * median(madds) * settings.batch * (candidate ? 2 * CANDIDATE_BATCHES : 3);
}

/** The paths that all sides take in turn. */
function pathsOf(space: SearchSpace): number[][] {
  const random = new RandomStream(0, 'test', 1);
  return Array.from({ length: PATHS }, () => space.genes.map(({ size }) => random.integer(size)));
}

/** All sides of a comparison, or those whose names hold one of the words of `--sides`. */
export function sidesOf(settings: BenchSettings): Side[] {
  const { ours, peer } = sideMakers(settings);
  const missing = peerMissing();
  if (missing !== undefined) console.error(`peer skipped: ${missing}`);
  const peers = missing === undefined ? [peer('contiguous', false), peer('channels_last', true)] : [];
  const all = [
    ...peers,
    ours('aten', 'fp32', true),
    ours('fused', 'fp32'),
    ours('aten', 'bf16', true),
    ours('fused', 'bf16'),
  ];
  const { sides: words } = settings;
  return words === undefined ? all : all.filter(({ name }) => words.some((word) => name.includes(word)));
}

/** Makers of sides that share a space and the paths that they take in turn. */
export function sideMakers(settings: BenchSettings) {
  const space = spaceOf(settings);
  const paths = pathsOf(space);
  const folder = mkdtempSync(join(tmpdir(), 'singlepath-bench-'));
  const files = { space: join(folder, 'space.json'), paths: join(folder, 'paths.json') };
  writeFileSync(files.space, describeForPeer(space));
  writeFileSync(files.paths, JSON.stringify(paths));
  return { ours, peer };

  function peer(format: string, tuned: boolean): Side {
    return {
      name: `PyTorch ${format}${tuned ? ', tuned malloc' : ', as installed'}`,
      isBase: true,
      measure() {
        const mode = settings.what === 'evaluate' ? 'eval' : 'train';
        const options = {
          mode,
          batch: settings.batch,
          steps: settings.steps,
          threads: settings.threads,
          candidates: settings.candidates,
          ...files,
          'memory-format': format,
        };
        const args = Object.entries(options).flatMap(([key, value]) => [`--${key}`, String(value)]);
        const env = { ...process.env, ...environment(settings), ...(tuned ? TUNED_MALLOC : {}) };
        const line = execFileSync(python, [peerScript, ...args], { env, encoding: 'utf8' });
        const result = JSON.parse(line) as Record<
          'median_step_s' | 'max_rss_mb' | 'bare_rss_mb' | 'images_per_s' | 'cores',
          number
        >;
        return {
          seconds: result.median_step_s,
          rssMegabytes: result.max_rss_mb,
          bareMegabytes: result.bare_rss_mb,
          imagesPerSecond: result.images_per_s,
          cores: result.cores,
        };
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

/** A space as peer/space.py reads it. */
export function describeForPeer(space: SearchSpace): string {
  const { input, classes } = space;
  return JSON.stringify({ input, classes, ...describeNetwork(space) });
}

function environment(settings: BenchSettings) {
  return { OMP_NUM_THREADS: String(settings.threads), GOMP_SPINCOUNT: '1000' };
}
