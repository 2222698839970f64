import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { SinglePathError } from '../core/errors.js';
import { packageRoot } from '../core/packageRoot.js';
import type { Addon } from './native.js';

const require = createRequire(import.meta.url);
let loaded: Addon | undefined;

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

/** The addon to load: the one that `SINGLEPATH_ADDON` names, and no other then; where it names none, the one that was built. */
export function addonFile(): string {
  return resolve(process.env.SINGLEPATH_ADDON || builtAddon());
}

/**
 * The addon, loaded on first use: mapping libtorch costs about a second and 150 MB, so `--help` and everything
 * pure must not get here.
 *
 * @throws SinglePathError `NATIVE_MISSING` saying which file cannot be loaded, and why.
 */
export function addon(): Addon {
  if (loaded !== undefined) return loaded;
  // libgomp reads these once, when it is mapped. Active waiting makes two torch threads 10-30 times slower as
  // soon as another process wants a core (measured), so it spins only shortly.
  process.env.GOMP_SPINCOUNT ??= '1000';
  process.env.OMP_NUM_THREADS ??= String(availableParallelism());
  // cuBLAS reads it when a GPU is first used: without a workspace of a fixed size its sums may change from run to run.
  process.env.CUBLAS_WORKSPACE_CONFIG ??= ':4096:8';
  const file = addonFile();
  try {
    loaded = require(file) as Addon;
    return loaded;
  } catch (error) {
    const why = existsSync(file) ? (error instanceof Error ? error.message : String(error)) : 'not there';
    throw new SinglePathError('NATIVE_MISSING', `Expected the native addon at ${file}: ${why}`, {
      hint:
        file === builtAddon()
          ? 'run `npx singlepath build` (needs a C++ compiler, cmake and libtorch), then `npx singlepath doctor`'
          : 'SINGLEPATH_ADDON names this file; without it the one that was built here is loaded',
      cause: error,
    });
  }
}
