import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { SinglePathError } from '../core/errors.js';
import { packageRoot } from '../core/packageRoot.js';
import type { Addon } from './native.js';

const require = createRequire(import.meta.url);
let loaded: Addon | undefined;
let loadedFrom: string | undefined;

/** The version of singlepath. */
export function packageVersion(): string {
  return (JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string })
    .version;
}

/** Where `singlepath build` compiles. */
export function buildFolder(): string {
  return join(packageRoot(), 'build');
}

/** Where `singlepath build` puts the addon. */
export function builtAddon(): string {
  return join(buildFolder(), 'Release', 'singlepath.node');
}

/** Where the addon may be, in order of preference. */
export function addonCandidates(): string[] {
  const override = process.env.SINGLEPATH_ADDON;
  return override === undefined ? [builtAddon()] : [override, builtAddon()];
}

/** Which of the candidates was loaded; undefined before {@link addon} was called. */
export function addonPath(): string | undefined {
  return loadedFrom;
}

/**
 * The addon, loaded on first use: mapping libtorch costs about a second and 150 MB, so `--help` and everything
 * pure must not get here.
 *
 * @throws SinglePathError `NATIVE_MISSING` listing every attempt.
 */
export function addon(): Addon {
  if (loaded !== undefined) return loaded;
  // libgomp reads these once, when it is mapped. Active waiting makes two torch threads 10-30 times slower as
  // soon as another process wants a core (measured), so it spins only shortly.
  process.env.GOMP_SPINCOUNT ??= '1000';
  process.env.OMP_NUM_THREADS ??= String(availableParallelism());
  // cuBLAS reads it when a GPU is first used: without a workspace of a fixed size its sums may change from run to run.
  process.env.CUBLAS_WORKSPACE_CONFIG ??= ':4096:8';
  const attempts: string[] = [];
  let cause: unknown;
  for (const path of addonCandidates()) {
    if (!existsSync(path)) {
      attempts.push(`${path}: not there`);
      continue;
    }
    try {
      loaded = require(path) as Addon;
      loadedFrom = path;
      return loaded;
    } catch (error) {
      cause = error;
      attempts.push(`${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new SinglePathError(
    'NATIVE_MISSING',
    `Expected the native addon but found none:\n  ${attempts.join('\n  ')}`,
    {
      hint: 'run `npx singlepath build` (needs a C++ compiler, cmake and libtorch), then `npx singlepath doctor`',
      cause,
    },
  );
}
