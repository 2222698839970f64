import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, freemem, release, totalmem, type } from 'node:os';
import { checkArguments } from '../core/check.js';
import { SinglePathError } from '../core/errors.js';
import type { DatasetLocation } from '../data/kinds/kind.js';
import { addon, addonFile, packageVersion } from './addon.js';
import { callNative } from './call.js';
import { describeTried, findLibtorch, type LibtorchSearch } from './libtorch.js';
import type { MemoryStatistics, NativeCpu, NativeDevice, NativeVersions } from './native.js';
import { versionLine } from './process.js';

/** What the addon says about itself and the machine. */
export interface NativeReport {
  versions: NativeVersions;
  devices: NativeDevice[];
  cpu: NativeCpu;
  /** Intra-op threads of the engine. */
  threads: number;
  memory: MemoryStatistics;
}

/** Everything a bug report needs. */
export interface DoctorReport {
  /** Whether the addon loads: without it nothing but the pure commands works (exit code 3). */
  ok: boolean;
  singlepath: string;
  node: string;
  platform: string;
  /** Programs for building, with the first line of their `--version`; null where missing. */
  tools: Record<string, string | null>;
  /** Libtorch as the next `singlepath build` would find it. */
  libtorch: LibtorchSearch;
  /** `native` is null where the addon at `path` cannot be loaded, and `problem` says why. */
  addon: { path: string; problem: string | null; native: NativeReport | null };
  /** `available`: processors this process may use; `features`: those the fused kernels could use. */
  cpu: { model: string; available: number; features: string[] };
  /** Bytes. `limit`: of the control group, null where there is none. */
  memory: { total: number; free: number; limit: number | null; resident: number };
  /** Variables that change what singlepath does, where set. */
  environment: Record<string, string>;
  datasets: DatasetLocation[];
}

/** Collects the report; a missing addon or libtorch is part of it, not an error. */
export async function doctorReport(options: { datasets?: DatasetLocation[] } = {}): Promise<DoctorReport> {
  checkArguments('doctorReport()', { options });
  const { datasets = [] } = options;
  checkArguments('doctorReport()', { datasets });
  // Before the addon is loaded, which sets some itself.
  const environment = Object.fromEntries(
    Object.entries(process.env).filter(([name]) =>
      /^(LIBTORCH|CXX|OMP_|GOMP_|MKL_|CUDA_|SINGLEPATH_)/.test(name),
    ),
  ) as Record<string, string>;
  const { native, problem } = nativeReport();
  const tools: DoctorReport['tools'] = {};
  for (const tool of [process.env.CXX ?? 'c++', 'cmake', 'ninja', 'make', 'python3', 'ccache']) {
    tools[tool] = versionLine(tool) ?? null;
  }
  const limit = process.constrainedMemory() ?? 0;
  return {
    ok: native !== null,
    singlepath: packageVersion(),
    node: process.version,
    platform: `${type()} ${release()} ${process.arch}`,
    tools,
    libtorch: findLibtorch(),
    addon: { path: addonFile(), problem, native },
    cpu: { model: cpus()[0]?.model ?? 'unknown', available: availableParallelism(), features: cpuFeatures() },
    memory: {
      total: totalmem(),
      free: freemem(),
      limit: limit > 0 && limit < totalmem() ? limit : null,
      resident: process.memoryUsage.rss(),
    },
    environment,
    datasets,
  };
}

/** The report as text, one fact a line. */
export function formatDoctor(report: DoctorReport): string {
  checkArguments('formatDoctor()', { report });
  const { native } = report.addon;
  const lines: [string, string][] = [
    ['singlepath', report.singlepath],
    ['node', `${report.node}, ${report.platform}`],
    ['addon', native === null ? 'DOES NOT WORK (see below)' : `loaded from ${report.addon.path}`],
  ];
  if (native !== null) {
    const { torch, cxx, cuda } = native.versions;
    lines.push(
      ['  libtorch', `${torch}, C++ ${cxx}, CUDA ${cuda ?? 'none'}`],
      ['  devices', describeDevices(native)],
      ['  threads', String(native.threads)],
      ['  kernels', `${native.cpu.isa} (of ${native.cpu.available.join(', ')})`],
    );
  }
  lines.push(
    ['cpu', `${report.cpu.model}, ${report.cpu.available} processors available`],
    ['  features', report.cpu.features.join(' ') || 'unknown'],
    ['memory', describeMemory(report.memory)],
    ...Object.entries(report.tools).map(([tool, version]): [string, string] => [tool, version ?? 'missing']),
    ...Object.entries(report.environment).map(([name, value]): [string, string] => [name, value]),
    ...report.datasets.map(({ kind, description, path, found }): [string, string] => [
      'data set',
      `${kind} (${description}): ${path}${found ? '' : ' (not there)'}`,
    ]),
  );
  const found = report.libtorch.found;
  lines.push(['libtorch', found === undefined ? 'NOT FOUND' : `${found.version} in ${found.path}`]);
  const width = Math.max(...lines.map(([name]) => name.length));
  const text = lines.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
  text.push('places of libtorch, in order:', describeTried(report.libtorch.tried));
  if (report.addon.problem !== null) text.push('', report.addon.problem);
  return text.join('\n');
}

function describeDevices({ devices, versions }: NativeReport): string {
  const found = devices.map(({ name, description }) => `${name} (${description})`).join(', ');
  const none = versions.cuda !== null && devices.every(({ name }) => name === 'cpu');
  return none ? `${found}; no CUDA device: the driver or the card is missing` : found;
}

function nativeReport(): { native: NativeReport | null; problem: string | null } {
  try {
    const native = addon();
    return {
      native: callNative(() => ({
        versions: native.versions(),
        devices: native.devices(),
        cpu: native.cpu(),
        threads: native.threads(),
        memory: native.memory(),
      })),
      problem: null,
    };
  } catch (error) {
    if (!(error instanceof SinglePathError)) throw error;
    const hint = error.hint === undefined ? '' : `\nhint: ${error.hint}`;
    return { native: null, problem: `${error.message}${hint}` };
  }
}

/** Vector features as Linux lists them; empty elsewhere. */
function cpuFeatures(): string[] {
  if (!existsSync('/proc/cpuinfo')) return [];
  const [, flags = ''] = readFileSync('/proc/cpuinfo', 'utf8').match(/^(?:flags|Features)\s*:(.*)$/m) ?? [];
  return flags.split(' ').filter((flag) => /^(sse4_2|avx|f16c|fma|amx|asimd|sve|bf16)/.test(flag));
}

function describeMemory({ total, free, limit, resident }: DoctorReport['memory']): string {
  const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  const bound = limit === null ? '' : `, limited to ${gib(limit)}`;
  return `${gib(total)}, ${gib(free)} free${bound}; this process ${gib(resident)}`;
}
