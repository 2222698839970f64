import { existsSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { checkArguments, checkCallbacks } from '../core/check.js';
import { SinglePathError } from '../core/errors.js';
import { packageRoot } from '../core/packageRoot.js';
import { buildFolder, builtAddon } from './addon.js';
import { withBuildLock } from './buildLock.js';
import { installLibtorch } from './installLibtorch.js';
import { describeTried, findLibtorch, type Libtorch } from './libtorch.js';
import { runToStderr, versionLine } from './process.js';

const require = createRequire(import.meta.url);

export interface BuildOptions {
  /** Install libtorch into the package's `.libtorch/` when none is found. */
  installLibtorch?: boolean;
  /** Where that cannot be done, allow it to install Debian packages, as root. */
  installSystemPackages?: boolean;
  /** Delete the build folder first. */
  clean?: boolean;
  /** Receives a line of text about each thing that the build does. */
  log?: (line: string) => void;
}

export interface BuildResult {
  /** Path of the addon. */
  addon: string;
  libtorch: Libtorch;
}

/**
 * Builds the addon with cmake-js into the package's `build/`; what did not change is not compiled again. The compiler's
 * output goes to stderr.
 *
 * @throws SinglePathError `NATIVE_MISSING` saying what is missing and how to get it.
 */
export async function buildAddon(options: BuildOptions = {}): Promise<BuildResult> {
  checkArguments('buildAddon()', { options });
  checkCallbacks({ log: options.log });
  return withBuildLock(packageRoot(), options.log ?? (() => {}), () => build(options));
}

async function build({
  installLibtorch: install = false,
  installSystemPackages: systemPackages = false,
  clean = false,
  log = () => {},
}: BuildOptions): Promise<BuildResult> {
  requireTools();
  let search = findLibtorch();
  if (search.found === undefined && install) {
    log(`no libtorch found:\n${describeTried(search.tried)}`);
    await installLibtorch({ systemPackages, log });
    search = findLibtorch();
  }
  const libtorch = search.found;
  if (libtorch === undefined) {
    throw new SinglePathError(
      'NATIVE_MISSING',
      `Expected libtorch but found none:\n${describeTried(search.tried)}`,
      {
        hint: 'set LIBTORCH to a libtorch folder, install torch for the active python3, or run `npx singlepath build --install-libtorch`',
      },
    );
  }
  log(`libtorch:\n${describeTried(search.tried)}`);

  const root = packageRoot();
  const addon = builtAddon();
  if (clean) rmSync(buildFolder(), { recursive: true, force: true });
  // `cmake-js compile` throws the whole build away after any error; two steps keep what did compile.
  await cmake(root, ['configure', `--CDSINGLEPATH_LIBTORCH=${libtorch.path}`]);
  await cmake(root, ['build']);
  if (!existsSync(addon))
    throw new SinglePathError(
      'NATIVE_MISSING',
      `Expected the build to make '${addon}' but the file is not there`,
    );
  return { addon, libtorch };
}

function cmake(root: string, args: string[]): Promise<void> {
  const script = join(require.resolve('cmake-js/package.json'), '..', 'bin', 'cmake-js');
  // Without these two ccache never hits in another clone.
  const env = { CCACHE_NOHASHDIR: '1', CCACHE_BASEDIR: root, ...process.env };
  return runToStderr(process.execPath, [script, '--log-level', 'warn', '--directory', root, ...args], {
    cwd: root,
    env,
    hint: 'the first error above says why; `npx singlepath doctor` shows compiler, cmake and libtorch',
  });
}

/** Checks that the programs for a build are there; the error names the Debian package of each that is missing. */
function requireTools(): void {
  const missing: string[] = [];
  if (![process.env.CXX ?? 'c++', 'g++', 'clang++'].some((compiler) => versionLine(compiler)))
    missing.push('g++');
  if (versionLine('cmake') === undefined) missing.push('cmake');
  if (!['ninja', 'make'].some((program) => versionLine(program))) missing.push('ninja-build');
  if (missing.length > 0) {
    throw new SinglePathError(
      'NATIVE_MISSING',
      `Expected build tools but these are missing: ${missing.join(', ')}`,
      {
        hint: `apt-get install ${missing.join(' ')} zlib1g-dev libjpeg62-turbo-dev libpng-dev`,
      },
    );
  }
}
