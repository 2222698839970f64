import type { Config } from '../config/schema/config.js';
import { addon } from '../runtime/addon.js';
import type { SearchSpace } from '../space/types.js';
import { Supernet } from '../supernet/supernet.js';

/** The supernet of a space, or the network of a derived one, on the device the configuration names. */
export function createNetwork(space: SearchSpace, { runtime, seed }: Config): Supernet {
  const { device, kernels, precision, threads } = runtime;
  if (threads > 0) addon().setThreads(threads);
  return new Supernet(space, { device, kernels, precision, seed });
}

/** Versions to note in checkpoints. */
export function versions(): Record<string, string> {
  return { torch: addon().versions().torch };
}
