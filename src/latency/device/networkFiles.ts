import { encodeOnnx } from '../../export/onnx.js';
import { describeScript } from '../../export/torchscript.js';
import { inferShapes, readerOf } from '../../graph/walk.js';
import { addon } from '../../runtime/addon.js';
import { callNative } from '../../runtime/call.js';
import type { TensorEntry } from '../../runtime/native.js';
import type { SearchSpace } from '../../space/types.js';
import { Supernet } from '../../supernet/supernet.js';
import type { Block } from '../rows.js';
import { chainNetwork } from './network.js';

/** Images that BatchNorm statistics come from. */
const STATISTICS_IMAGES = 8;

/** The TorchScript file of a chain of blocks with random weights. */
export async function torchscriptOf(blocks: readonly Block[]): Promise<Uint8Array> {
  const space = chainNetwork(blocks);
  const weights = await randomWeights(space);
  return callNative(() => addon().serializeScript(describeScript(space, weights)));
}

/** The ONNX file of a chain of blocks with random weights; BatchNorm is part of its convolutions. */
export async function onnxOf(blocks: readonly Block[]): Promise<Uint8Array> {
  const space = chainNetwork(blocks);
  return encodeOnnx(space, await randomWeights(space), { output: outputOf(blocks.at(-1)!) });
}

/** What the last block yields, without the batch: only a linear layer's output has one dimension. */
function outputOf({ input, graph }: Block): number[] {
  const { channels, height, width } = inferShapes(graph, input, readerOf([])).at(-1)!;
  return graph.nodes.at(-1)?.op === 'linear' ? [channels] : [channels, height, width];
}

/**
 * BatchNorm has the statistics of random images, so that values stay of the size they have in a trained network: numbers
 * that fade away are slow on many processors.
 */
async function randomWeights(space: SearchSpace): Promise<TensorEntry[]> {
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
    return await network.state();
  } finally {
    batch.dispose();
  }
}

/** Mean 0 and variance 1; a Weyl sequence, for it only has to be spread evenly, and there may be millions. */
export function randomImages(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => {
    const uniform = (Math.imul(i + 1, 0x9e3779b1) >>> 0) / 2 ** 32;
    return (uniform - 0.5) * Math.sqrt(12);
  });
}
