/** Scripts of lifecycle.test.ts import this in processes and workers of their own. */

import { Supernet } from '../../src/supernet/supernet.js';
import { shuffleNetSpace } from './networks.js';
import { randomArchitectures, randomBatch } from './setup.js';

export { addon } from '../../src/runtime/addon.js';
export { Supernet } from '../../src/supernet/supernet.js';
export { dropoutSpace, mixedSpace, shuffleNetSpace, twoPathsSpace } from './networks.js';
export { randomArchitectures, randomBatch, STEP } from './setup.js';

/** A supernet with an evaluation under way that would take minutes. */
export async function busy(signal?: AbortSignal) {
  const space = shuffleNetSpace();
  const net = new Supernet(space);
  const batch = randomBatch(space, 64, 1);
  const paths = randomArchitectures(space, 20_000, 2);
  let started = () => {};
  const underWay = new Promise<void>((resolve) => {
    started = resolve;
  });
  const work = net.evaluate(paths, {
    calibration: [batch],
    validation: [batch],
    share: false,
    signal,
    onProgress: () => started(),
  });
  work.catch(() => {});
  await underWay;
  return { net, space, batch, work };
}
