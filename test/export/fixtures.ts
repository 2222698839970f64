import { RandomStream } from '../../src/core/rng.js';
import * as nn from '../../src/graph/build.js';
import { addon } from '../../src/runtime/addon.js';
import type { NativeBatch, TensorEntry } from '../../src/runtime/native.js';
import { choiceLayer, defineSpace, fixed } from '../../src/space/define.js';
import { getSpace } from '../../src/space/spaces/catalog.js';
import type { SearchSpace } from '../../src/space/types.js';
import { Supernet } from '../../src/supernet/supernet.js';

const CIFAR = { size: 32, classes: 10 };

/** Every family of spaces, quantizers down to one bit, and ops no named space has. */
export const SPACES: Record<string, () => SearchSpace> = {
  'spos-shufflenet-v2': () => getSpace('spos-shufflenet-v2', CIFAR),
  'spos-shufflenet-v2-cifar': () => getSpace('spos-shufflenet-v2-cifar'),
  'spos-shufflenet-v2-28': () => getSpace('spos-shufflenet-v2-28'),
  'channel search': () => getSpace('spos-shufflenet-v2-28-channels', { blocks: [0, 1, 2, 3, 3, 2, 1, 0] }),
  'blocks and channels': () => getSpace('spos-shufflenet-v2-28-joint'),
  'scaled baseline': () => getSpace('spos-shufflenet-v2-baseline', { ...CIFAR, choice: 3, madds: 8e6 }),
  'PACT and DoReFa': () => getSpace('spos-resnet18-mixed-cifar'),
  'PACT, 7x7 stem': () => getSpace('spos-resnet18-mixed', { size: 64, classes: 10 }),
  LSQ: () => getSpace('spos-resnet18-mixed-cifar', { quantizer: 'lsq' }),
  'one bit': () => getSpace('spos-resnet18-mixed-cifar', { pairs: [[1, 1]] }),
  'one bit LSQ': () => getSpace('spos-resnet18-mixed-cifar', { quantizer: 'lsq', pairs: [[1, 1]] }),
  'float bits': () => getSpace('spos-resnet18-mixed-cifar', { pairs: [[32, 32]] }),
  'channels and bits': () => getSpace('spos-resnet18-joint-cifar'),
  'channels and bits, LSQ': () => getSpace('spos-resnet18-joint-cifar', { quantizer: 'lsq' }),
  proxyless: () => getSpace('proxyless-mobile', CIFAR),
  fbnet: () => getSpace('fbnet', CIFAR),
  'mobilenet-v3': () => getSpace('mobilenet-v3', CIFAR),
  'nas-bench-macro': () => getSpace('nas-bench-macro'),
  'own ops': ownSpace,
  'names that sources have, too': namesSpace,
};

/** Every activation, bias, groups, split, shuffle, max pooling, dropout, a pool of 2, gates, and identity in a layer. */
function ownSpace(): SearchSpace {
  const halves = nn.concat(
    nn.pipe(nn.split(2, 1), nn.named('half', nn.conv2d({ out: 8, kernel: 5, groups: 4, bias: true }))),
    nn.split(2, 0),
  );
  return defineSpace({
    name: 'own-ops',
    input: { channels: 3, size: 12 },
    classes: 5,
    layers: [
      fixed('stem', nn.conv2d({ out: 16, kernel: 3 }), nn.batchNorm(), nn.hswish(), nn.maxPool(3, 2, 1)),
      choiceLayer({
        choices: { halves: nn.pipe(halves, nn.channelShuffle(4)), '3x3': nn.named('conv', nn.depthwise({})) },
      }),
      choiceLayer({ choices: { identity: nn.identity } }),
      fixed('activations', ...([nn.identity, ...nn.ACTIVATIONS.map(nn.activation)] as const)),
      fixed('gate', nn.squeezeExcite({ channels: 16, activation: 'silu', gate: 'sigmoid' })),
      choiceLayer({ choices: { sum: nn.residual(nn.pipe(nn.relu6(), nn.slice(0, 1, 16))) } }),
      fixed('head', nn.averagePool(2), nn.dropout(0.5), nn.linear({ out: 5 })),
    ],
  });
}

/** Layers called as what a source in TorchScript names itself, and as words that Python alone takes. */
function namesSpace(): SearchSpace {
  const names = ['self', 'getattr', 'x', 'images', 'float', 'Tensor', 'try', 'lambda'];
  return defineSpace({
    name: 'names',
    input: { channels: 3, size: 4 },
    classes: 5,
    layers: [
      ...names.map((name) => fixed(name, nn.conv2d({ out: 3 }), nn.relu(), nn.batchNorm())),
      choiceLayer({ choices: { '1x1': nn.conv2d({ out: 3 }) } }),
      fixed('head', nn.averagePool(), nn.linear({ out: 5 })),
    ],
  });
}

export function randomArchitecture(space: SearchSpace, counter: number): number[] {
  const random = new RandomStream(7, 'test', counter);
  return space.genes.map(({ size }) => random.integer(size));
}

/** Random images of mean 0 and variance 1. */
export function randomBatch({ input, classes }: SearchSpace, images: number, counter: number): NativeBatch {
  const random = new RandomStream(8, 'test', counter);
  const { channels, size } = input;
  const values = Float32Array.from(
    { length: images * channels * size * size },
    () => 3.46 * (random.uniform() - 0.5),
  );
  return new (addon().Batch)({
    images: values,
    shape: [images, channels, size, size],
    labels: Array.from({ length: images }, (_, i) => i % classes),
  });
}

/** A network whose every number matters: no scale, shift, bias or statistic is 0 or 1. */
export async function trainedNetwork(space: SearchSpace, seed = 3): Promise<Supernet> {
  const network = new Supernet(space, { kernels: 'aten', seed });
  const random = new RandomStream(9, 'test', seed - 3);
  const vary = (entry: TensorEntry): TensorEntry => {
    const positive = /running_var$|step$|alpha$/.test(entry.name);
    if (!positive && entry.shape.length > 1) return entry;
    const data = entry.data.map((value) =>
      positive ? value * (0.75 + random.uniform() / 2) : value + 0.3 * (random.uniform() - 0.5),
    );
    return { ...entry, data };
  };
  await network.load((await network.state()).map(vary));
  return network;
}
