import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, type } from 'node:os';
import { addon, packageVersion } from '../../runtime/addon.js';
import { describeDevice } from '../../runtime/devices.js';
import { ATEN } from '../environment.js';
import type { Environment } from '../table.js';
import type { RunSettings } from './session.js';

/** Layout of tensors on the device. */
const LAYOUT = 'channels_last';

/**
 * This machine as it is now; loads the addon.
 *
 * @param device what computes: `cpu` or a GPU.
 */
export function machineEnvironment(
  { runtime, threads, batch, dtype, kernels }: RunSettings & { kernels?: 'fused' | 'aten' },
  device = 'cpu',
): Environment {
  const affinity = allowedProcessors();
  const processor = affinity[0] ?? 0;
  const clock = clockMhz(processor);
  return {
    device: device === 'cpu' ? processorName() : describeDevice(device),
    platform: `${type()} ${release()} ${process.arch}`,
    runtime,
    runtimeVersion: runtimeVersion(runtime, device, kernels),
    affinity,
    threads,
    batch,
    dtype,
    layout: LAYOUT,
    governor: readLine(`/sys/devices/system/cpu/cpu${processor}/cpufreq/scaling_governor`) ?? 'unknown',
    clockMhz: clock === undefined ? {} : { before: clock },
    load: { before: loadavg()[0]! },
  };
}

function runtimeVersion(runtime: RunSettings['runtime'], device: string, kernels = 'fused'): string {
  const { torch, cuda } = addon().versions();
  const libtorch =
    device === 'cpu' || cuda === null ? `libtorch ${torch}` : `libtorch ${torch}, CUDA ${cuda}`;
  if (runtime !== 'singlepath') return libtorch;
  const own = kernels === 'aten' ? [ATEN] : device === 'cpu' ? [addon().cpu().isa] : [];
  return [`singlepath ${packageVersion()}`, ...own, libtorch].join(', ');
}

/** Boards name themselves; their processors often do not. */
function processorName(): string {
  const board = readLine('/proc/device-tree/model')?.replaceAll('\0', '');
  const model = cpus()[0]?.model.trim();
  return board ?? (model === undefined || model === '' ? 'unknown' : model);
}

/** From a list such as `0-3,8`. */
function allowedProcessors(): number[] {
  const [, list = ''] = /^Cpus_allowed_list:\s*(\S+)/m.exec(readText('/proc/self/status') ?? '') ?? [];
  return list
    .split(',')
    .filter((range) => range !== '')
    .flatMap((range) => {
      const [first = 0, last = first] = range.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    });
}

function clockMhz(processor: number): number | undefined {
  const kilohertz = Number(readLine(`/sys/devices/system/cpu/cpu${processor}/cpufreq/scaling_cur_freq`));
  if (kilohertz > 0) return kilohertz / 1000;
  const megahertz = cpus()[processor]?.speed ?? 0;
  return megahertz > 0 ? megahertz : undefined;
}

function readLine(path: string): string | undefined {
  const text = readText(path);
  return text === undefined ? undefined : text.split('\n', 1)[0]!.trim();
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // not Linux, or a system without it
  }
}
