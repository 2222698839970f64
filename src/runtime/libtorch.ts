import { type ExecFileSyncOptionsWithStringEncoding, execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../core/packageRoot.js';

/** Where libtorch may come from, in the order they are tried. */
export type LibtorchSource = 'LIBTORCH' | 'python' | 'project' | 'system';

/** Variables by name. Not a type of Node's, as users of our types may not have those. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface Libtorch {
  source: LibtorchSource;
  /** The folder with lib/ and include/. */
  path: string;
  /** E.g. `2.13.0`. */
  version: string;
  /** Whether the build has a CUDA library. */
  cuda: boolean;
}

export interface LibtorchSearch {
  found: Libtorch | undefined;
  /** One line for each place that was looked at before one was found. */
  tried: { source: LibtorchSource; path: string; result: string }[];
}

/** What `singlepath build --install-libtorch` asks pip for. */
export const LIBTORCH_VERSION = '2.13.0';

/** The project's own copy: `.libtorch/torch` below the package's root. */
export function projectLibtorch(): string {
  return join(packageRoot(), '.libtorch');
}

/**
 * Looks for libtorch: the environment variable LIBTORCH, the active Python's torch, the project's `.libtorch/`, the
 * system (Debian's libtorch-dev). Nothing is downloaded and nothing of libtorch is loaded.
 */
export function findLibtorch(environment: Environment = process.env): LibtorchSearch {
  const search: LibtorchSearch = { found: undefined, tried: [] };
  const places: { source: LibtorchSource; paths: () => string[]; none: string }[] = [
    { source: 'LIBTORCH', paths: () => nested(environment.LIBTORCH), none: 'not set' },
    { source: 'python', paths: () => nested(pythonTorch(environment)), none: 'python3 has no torch' },
    { source: 'project', paths: () => nested(projectLibtorch()), none: '' },
    { source: 'system', paths: () => ['/usr/local', '/usr'], none: '' },
  ];
  for (const { source, paths, none } of places) {
    const candidates = paths();
    if (candidates.length === 0) search.tried.push({ source, path: '', result: none });
    for (const path of candidates) {
      const version = versionOf(path);
      const libraries = librariesOf(path);
      if (version !== undefined && libraries.includes('torch_cpu')) {
        search.tried.push({ source, path, result: `libtorch ${version}` });
        search.found = { source, path, version, cuda: libraries.includes('torch_cuda') };
        return search;
      }
      const result = version === undefined ? 'no libtorch headers' : 'headers but no libtorch_cpu library';
      search.tried.push({ source, path, result });
    }
  }
  return search;
}

/** What was tried, one line each. */
export function describeTried(tried: LibtorchSearch['tried']): string {
  return tried
    .map(({ source, path, result }) => `  ${source.padEnd(8)}  ${path || '-'}: ${result}`)
    .join('\n');
}

/** libtorch's archive unpacks to libtorch/, a wheel to torch/: both the folder and its parent may be named. */
function nested(path: string | undefined): string[] {
  if (path === undefined || path === '') return [];
  const inner = ['torch', 'libtorch'].map((name) => join(path, name)).filter((folder) => existsSync(folder));
  return [path, ...inner].filter(
    (folder, index) => index > 0 || inner.length === 0 || existsSync(join(folder, 'lib')),
  );
}

/** The folder of the active Python's torch; asking for the spec does not import it (0.04 s instead of 2 s). */
function pythonTorch(environment: Environment): string | undefined {
  const source =
    'import importlib.util as u; s = u.find_spec("torch"); print((s and s.submodule_search_locations or [""])[0])';
  try {
    const options: ExecFileSyncOptionsWithStringEncoding = {
      env: environment,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 20_000,
    };
    return execFileSync('python3', ['-c', source], options).trim() || undefined;
  } catch {
    return undefined;
  }
}

/** The version in the headers; the file moved in 2.9. */
function versionOf(path: string): string | undefined {
  for (const header of ['torch/headeronly/version.h', 'torch/csrc/api/include/torch/version.h']) {
    const file = join(path, 'include', header);
    if (!existsSync(file)) continue;
    const text = readFileSync(file, 'utf8');
    const parts = ['MAJOR', 'MINOR', 'PATCH'].map(
      (part) => text.match(`#define TORCH_VERSION_${part} (\\d+)`)?.[1],
    );
    if (parts.every((part) => part !== undefined)) return parts.join('.');
  }
  return undefined;
}

/** Names of the libraries in lib/ and lib/<architecture>/, without `lib` and extension. */
function librariesOf(path: string): string[] {
  const architecture = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' }[process.arch as string] ?? '';
  return [join(path, 'lib'), join(path, 'lib', architecture)]
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder))
    .flatMap((file) => file.match(/^lib(.+)\.(so|dylib)$/)?.[1] ?? []);
}
