import { describeScript } from '../../export/torchscript.js';
import { addon } from '../../runtime/addon.js';
import { callNative } from '../../runtime/call.js';
import { Supernet } from '../../supernet/supernet.js';
import type { Block } from '../rows.js';
import { chainNetwork } from './network.js';

/** Images that BatchNorm statistics come from. */
const STATISTICS_IMAGES = 8;

/**
 * The TorchScript file of a chain of blocks with random weights. BatchNorm has the statistics of random images, so that
 * values stay of the size they have in a trained network.
 */
export async function torchscriptOf(blocks: readonly Block[]): Promise<Uint8Array> {
  const space = chainNetwork(blocks);
  const { channels, size } = space.input;
  using network = new Supernet(space, { kernels: 'aten' });
  const batch = callNative(
    () =>
      new (addon().Batch)({
        images: randomImages(STATISTICS_IMAGES * channels * size * size),
        shape: [STATISTICS_IMAGES, channels, size, size],
        labels: new Array<number>(STATISTICS_IMAGES).fill(0),
      }),
  );
  try {
    await network.recalibrate([batch], []);
    const weights = await network.state();
    return await callNative(() => addon().serializeScript(describeScript(space, weights)));
  } finally {
    batch.dispose();
  }
}

/** Mean 0 and variance 1; a Weyl sequence, for it only has to be spread evenly, and there may be millions. */
function randomImages(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => {
    const uniform = (Math.imul(i + 1, 0x9e3779b1) >>> 0) / 2 ** 32;
    return (uniform - 0.5) * Math.sqrt(12);
  });
}
