import { describeDifference, differences } from '../core/differences.js';
import type { Environment, RuntimeName } from './table.js';

/** What is known where times come from a foreign file. */
export function importedEnvironment(device: string, batch = 1): Environment {
  return {
    device,
    platform: 'unknown',
    runtime: 'imported',
    runtimeVersion: 'unknown',
    affinity: [],
    threads: 0,
    batch,
    dtype: 'fp32',
    layout: 'unknown',
    governor: 'unknown',
    clockMhz: {},
    load: {},
  };
}

/** Stands in `runtimeVersion` in place of an instruction set, where libtorch's kernels run the blocks. */
export const ATEN = 'aten';

/** Which kernels a table of this runtime was measured with. */
export function kernelsOf({ runtimeVersion }: Environment): 'fused' | 'aten' {
  return runtimeVersion.split(', ').includes(ATEN) ? 'aten' : 'fused';
}

/** The identity of an environment: all but the readings that change from minute to minute. */
export function identityOf({
  clockMhz: _,
  load: __,
  ...identity
}: Environment): Omit<Environment, 'clockMhz' | 'load'> {
  return identity;
}

/** How the device of a session differs from an environment, one line each; a foreign file does not tell its own. */
export async function differsFrom(
  environment: Environment,
  session: { environment(): Promise<Environment> },
): Promise<string[]> {
  if (environment.runtime === 'imported') return [];
  const differ = differences(identityOf(environment), identityOf(await session.environment()));
  return differ.map((one) => describeDifference(one));
}

/** One line for people. */
export function describeEnvironment(environment: Environment): string {
  const { device, runtime, runtimeVersion, runnerPattern, threads, batch, dtype, layout } = environment;
  const of = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`;
  const name: Record<RuntimeName, string> = {
    singlepath: 'our kernels',
    torchscript: 'TorchScript',
    onnxruntime: 'onnxruntime',
    runner: 'runner',
    imported: 'imported',
  };
  const shared = [`batch ${batch}`, ...(runtime === 'imported' ? [] : [dtype, layout])];
  return [
    device,
    `${name[runtime]} (${runtimeVersion})`,
    ...(runnerPattern === undefined ? [] : [`its time by /${runnerPattern}/`]),
    ...(threads > 0 ? [of(threads, 'thread')] : []),
    ...shared,
  ].join(', ');
}
