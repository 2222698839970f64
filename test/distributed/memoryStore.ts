import { setTimeout as sleep } from 'node:timers/promises';
import type { SharedStore } from '../../src/distributed/store.js';

/** A store in the memory of one process, for what is built on it. */
export function memoryStore(values = new Map<string, unknown>(), prefix = ''): SharedStore {
  const store = {
    key: (name: string) => `${prefix}${name}`,
    under: (name: string) => memoryStore(values, `${prefix}${name}/`),
    set: async (key: string, value: unknown) => void values.set(prefix + key, structuredClone(value)),
    get: async (key: string) => values.get(prefix + key),
    has: async (key: string) => values.has(prefix + key),
    add: async (key: string, amount: number) => {
      const sum = ((values.get(prefix + key) as number) ?? 0) + amount;
      values.set(prefix + key, sum);
      return sum;
    },
    poll: async <T>(look: () => Promise<T | undefined>, { seconds }: { seconds: number }) => {
      const end = performance.now() + 1000 * seconds;
      for (;;) {
        const found = await look();
        if (found !== undefined || performance.now() >= end) return found;
        await sleep(1);
      }
    },
  };
  return store as unknown as SharedStore;
}
