import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { DirectoryLock } from '../core/lock.js';

const LOCK = '.build.lock';

/**
 * Runs a build of the package in `root` while no other process builds there: two compilers writing the same objects
 * leave an addon that crashes. Waits for the other one, which mostly leaves nothing to do.
 */
export async function withBuildLock<T>(
  root: string,
  log: (line: string) => void,
  build: () => Promise<T>,
): Promise<T> {
  let told = false;
  for (;;) {
    const lock = DirectoryLock.tryAcquire(join(root, LOCK));
    if (lock instanceof DirectoryLock) {
      using _held = lock;
      return await build();
    }
    if (!told) log(`process ${lock.pid} on ${lock.host} builds here; waiting for it`);
    told = true;
    await setTimeout(200);
  }
}
