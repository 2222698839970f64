import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { SinglePathError } from '../core/errors.js';
import { packageRoot } from '../core/packageRoot.js';
import { findLibtorch, LIBTORCH_VERSION, projectLibtorch } from './libtorch.js';
import { runToStderr, versionLine } from './process.js';

/** Unpacks the C++ parts of a torch wheel: 4 s and 509 MB instead of 110 s for a pip install with dependencies. */
const UNPACK = `
import sys, zipfile
wheel, target = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    names = archive.namelist()
    if any("libtorch_cuda." in name for name in names):
        sys.exit(3)
    parts = ("torch/lib/", "torch/include/", "torch/share/")
    archive.extractall(target, [name for name in names if name.startswith(parts) or name == "torch/version.py"])
`;

export interface InstallOptions {
  /** Whether Debian packages may be installed. */
  systemPackages: boolean;
  log: (line: string) => void;
}

/**
 * Puts libtorch where {@link findLibtorch} sees it: from the torch wheel pip finds, into the package's `.libtorch/`; where pip cannot,
 * and only where `systemPackages` allows it, Debian's libtorch-dev (as root).
 *
 * @throws SinglePathError `NATIVE_MISSING` with every attempt.
 */
export async function installLibtorch({ systemPackages, log }: InstallOptions): Promise<void> {
  const attempts: string[] = [];
  for (const [name, way] of [
    ['pip', fromWheel],
    ['Debian', systemPackages ? fromDebian : notAllowed],
  ] as const) {
    try {
      await way(log);
      return;
    } catch (error) {
      attempts.push(`  ${name}: ${(error as Error).message}`);
      log(attempts.at(-1)!.trim());
    }
  }
  throw new SinglePathError(
    'NATIVE_MISSING',
    `Expected to install libtorch but could not:\n${attempts.join('\n')}`,
    {
      hint: `get libtorch ${LIBTORCH_VERSION} yourself and set LIBTORCH to its folder, or run \`apt-get install libtorch-dev libopenblas0-pthread\` as root`,
    },
  );
}

async function fromWheel(log: (line: string) => void): Promise<void> {
  if (versionLine('python3', ['-m', 'pip', '--version']) === undefined) {
    throw new SinglePathError('NATIVE_MISSING', 'python3 has no pip (Debian: apt-get install python3-pip)');
  }
  const target = projectLibtorch();
  // Beside the final place, so that the last step is one rename: a stopped install leaves nothing half there.
  mkdirSync(packageRoot(), { recursive: true });
  const scratch = mkdtempSync(join(packageRoot(), '.libtorch-'));
  const wish = `torch==${LIBTORCH_VERSION}`;
  const hint = 'pip could not get the wheel';
  try {
    log(`installing ${wish} into ${target} (this takes a while and 700 MB at most)`);
    await runToStderr('python3', ['-m', 'pip', 'download', '--no-deps', '--quiet', '--dest', scratch, wish], {
      hint,
    });
    const wheel = readdirSync(scratch).find((name) => name.endsWith('.whl'));
    if (wheel === undefined)
      throw new SinglePathError('NATIVE_MISSING', `pip downloaded no wheel of ${wish}`);
    const unpacked = join(scratch, 'unpacked');
    try {
      await runToStderr('python3', ['-c', UNPACK, join(scratch, wheel), unpacked], { hint });
    } catch (error) {
      if (existsSync(unpacked)) throw error;
      // A CUDA wheel links the nvidia packages, so it needs all its dependencies.
      log('the wheel is a CUDA build: installing it with the libraries it links');
      await runToStderr('python3', ['-m', 'pip', 'install', '--quiet', '--target', unpacked, wish], { hint });
    }
    rmSync(target, { recursive: true, force: true });
    renameSync(unpacked, target);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

// libtorch-dev brings a reference BLAS; OpenBLAS is 30 times faster (5.8 against 190 GFLOP/s).
const INSTALL = ['install', '-y', '--no-install-recommends', 'libtorch-dev', 'libopenblas0-pthread'];

async function notAllowed(): Promise<void> {
  throw new SinglePathError(
    'NATIVE_MISSING',
    `not tried: --install-system-packages lets it run \`apt-get ${INSTALL.join(' ')}\``,
  );
}

async function fromDebian(log: (line: string) => void): Promise<void> {
  const command = `apt-get ${INSTALL.join(' ')}`;
  if (versionLine('apt-get') === undefined)
    throw new SinglePathError('NATIVE_MISSING', 'there is no apt-get here');
  if (process.getuid?.() !== 0) throw new SinglePathError('NATIVE_MISSING', `needs root: ${command}`);
  log(command);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const hint = `run \`${command}\` to see why`;
  await runToStderr('apt-get', ['update', '-qq'], { env, hint });
  log(plannedPackages(env));
  await runToStderr('apt-get', INSTALL, { env, hint });
  if (findLibtorch().found === undefined)
    throw new SinglePathError('NATIVE_MISSING', 'installed, but no libtorch to be seen');
}

/** What apt-get is about to install, dependencies included. */
function plannedPackages(env: NodeJS.ProcessEnv): string {
  const { stdout } = spawnSync('apt-get', ['--simulate', ...INSTALL], { env, encoding: 'utf8' });
  const packages = [...(stdout ?? '').matchAll(/^Inst (\S+)/gm)].map(([, name]) => name!);
  return `installing ${packages.length} Debian packages: ${packages.join(' ')}`;
}
