import { expected } from '../../core/errors.js';
import { fixGenes } from '../subnet.js';
import type { SearchSpace } from '../types.js';
import { scaledBaseline } from './baseline.js';
import { fbnet, PROXYLESS_GPU, PROXYLESS_MOBILE, proxyless } from './mobile.js';
import { mobileNetV3, mobileNetV3Large } from './mobileNetV3.js';
import { nasBenchMacro } from './nasBenchMacro.js';
import { type BitPair, mixedResNet, type QuantizerName, type ResNetOptions } from './resnet.js';
import { CIFAR, IMAGENET, type ShuffleNetTable, SMALL, shuffleNetV2 } from './shufflenetV2.js';

/** What a space is built from: its input, and options that were checked. */
interface BuildOptions {
  name: string;
  size: number;
  classes: number;
  channels: number;
  blocks?: number | readonly number[];
  quantizer?: QuantizerName;
  pairs?: readonly BitPair[];
  choice?: number;
  madds?: number;
}

interface Option {
  what: string;
  valid(value: unknown): boolean;
}

/** A named space: what it is, its usual input, its options beyond that, and how to build it. */
export interface Entry {
  summary: string;
  size: number;
  classes: number;
  channels: number;
  options?: Record<string, Option>;
  build(options: BuildOptions): SearchSpace;
}

const IMAGENET_INPUT = { size: 224, classes: 1000, channels: 3 };
const CIFAR_INPUT = { size: 32, classes: 10, channels: 3 };

const isBlock = (value: unknown): boolean =>
  Number.isInteger(value) && [0, 1, 2, 3].includes(value as number);

const isPair = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 2 && value.every((bits) => Number.isInteger(bits));

const BLOCKS: Option = {
  what: 'a block from 0 to 3, or one per layer',
  valid: (value) => isBlock(value) || (Array.isArray(value) && value.every(isBlock)),
};

const QUANTIZATION: Record<string, Option> = {
  quantizer: { what: "'pact' or 'lsq'", valid: (value) => value === 'pact' || value === 'lsq' },
  pairs: {
    what: 'a list of [weight bits, feature bits]',
    valid: (value) => Array.isArray(value) && value.length > 0 && value.every(isPair),
  },
};

/** Every named space. */
export const catalog: Record<string, Entry> = {
  'spos-shufflenet-v2': {
    summary: 'Blocks of the paper: 20 layers of 3x3, 5x5, 7x7 or xception',
    ...IMAGENET_INPUT,
    build: (options) => shuffleNetV2({ ...options, table: IMAGENET, widths: false }),
  },
  'spos-shufflenet-v2-cifar': {
    summary: 'The same for 32x32 images: stride 2 at blocks 4 and 8 only',
    ...CIFAR_INPUT,
    build: (options) => shuffleNetV2({ ...options, table: CIFAR, widths: false }),
  },
  'spos-shufflenet-v2-28': {
    summary: 'The same blocks in 8 layers for 28x28 grey images',
    size: 28,
    classes: 10,
    channels: 1,
    build: (options) => shuffleNetV2({ ...options, table: SMALL, widths: false }),
  },
  'spos-shufflenet-v2-channels': {
    summary: 'Channel search: 20 layers of 8 widths, blocks fixed',
    ...IMAGENET_INPUT,
    options: { blocks: BLOCKS },
    build: (options) => channelSpace(options, IMAGENET),
  },
  'spos-shufflenet-v2-28-channels': {
    summary: 'Channel search on 28x28 grey images: 8 layers of 8 widths, blocks fixed',
    size: 28,
    classes: 10,
    channels: 1,
    options: { blocks: BLOCKS },
    build: (options) => channelSpace(options, SMALL),
  },
  'spos-shufflenet-v2-joint': {
    summary: 'Blocks and channels: 20 layers of 4 blocks and 8 widths',
    ...IMAGENET_INPUT,
    build: (options) => shuffleNetV2({ ...options, table: IMAGENET, widths: true }),
  },
  'spos-shufflenet-v2-28-joint': {
    summary: 'Blocks and channels on 28x28 grey images: 8 layers of 4 blocks and 8 widths',
    size: 28,
    classes: 10,
    channels: 1,
    build: (options) => shuffleNetV2({ ...options, table: SMALL, widths: true }),
  },
  'spos-shufflenet-v2-baseline': {
    summary: 'One block everywhere, widths scaled to a target of MAdds; nothing to search',
    ...IMAGENET_INPUT,
    options: {
      choice: { what: 'a block from 0 to 3', valid: isBlock },
      madds: { what: 'a positive number', valid: (value) => typeof value === 'number' && value > 0 },
    },
    build: ({ choice = 0, madds = 324e6, ...options }) => scaledBaseline({ ...options, choice, madds }),
  },
  'spos-resnet18-mixed': mixed('Weight and feature bits per block of ResNet-18', { depth: 18, small: false }),
  'spos-resnet34-mixed': mixed('Weight and feature bits per block of ResNet-34', { depth: 34, small: false }),
  'spos-resnet18-mixed-cifar': mixed('Bits per block of ResNet-18 for 32x32 images', {
    depth: 18,
    small: true,
  }),
  'spos-resnet34-mixed-cifar': mixed('Bits per block of ResNet-34 for 32x32 images', {
    depth: 34,
    small: true,
  }),
  'spos-resnet18-joint': mixed('Channels and bits per block of ResNet-18', {
    depth: 18,
    small: false,
    widths: true,
  }),
  'spos-resnet18-joint-cifar': mixed('Channels and bits per block of ResNet-18 for 32x32 images', {
    depth: 18,
    small: true,
    widths: true,
  }),
  'proxyless-gpu': {
    summary: 'ProxylessNAS-GPU: 21 layers of MBConv 3/5/7 x 3/6, identity where it fits',
    ...IMAGENET_INPUT,
    build: (options) => proxyless(PROXYLESS_GPU, options),
  },
  'proxyless-mobile': {
    summary: 'ProxylessNAS for phones and CPUs: the same blocks, narrower',
    ...IMAGENET_INPUT,
    build: (options) => proxyless(PROXYLESS_MOBILE, options),
  },
  fbnet: {
    summary: 'FBNet: 22 layers of 9 blocks',
    ...IMAGENET_INPUT,
    build: fbnet,
  },
  'mobilenet-v3': {
    summary: 'MobileNetV3-Large with kernel, expansion, squeeze-and-excite and depth of 14 layers open',
    ...IMAGENET_INPUT,
    build: mobileNetV3,
  },
  'mobilenet-v3-large': {
    summary: 'MobileNetV3-Large of the paper; nothing to search',
    ...IMAGENET_INPUT,
    build: mobileNetV3Large,
  },
  'nas-bench-macro': {
    summary: 'NAS-Bench-Macro: 8 layers of identity, MB3-k3 or MB6-k5',
    ...CIFAR_INPUT,
    build: nasBenchMacro,
  },
};

function mixed(summary: string, network: Pick<ResNetOptions, 'depth' | 'small' | 'widths'>): Entry {
  return {
    summary,
    ...(network.small ? CIFAR_INPUT : IMAGENET_INPUT),
    options: QUANTIZATION,
    build: (options) => mixedResNet({ ...options, ...network }),
  };
}

/** The part of the joint space in which the blocks are given. */
function channelSpace({ blocks = 0, ...options }: BuildOptions, table: ShuffleNetTable): SearchSpace {
  const joint = shuffleNetV2({ ...options, table, widths: true });
  const layers = joint.genes.filter((gene) => gene.kind === 'block').length;
  const list = typeof blocks === 'number' ? new Array<number>(layers).fill(blocks) : blocks;
  if (list.length !== layers) {
    throw expected(`${layers} blocks`, `blocks of '${options.name}'`, list.length);
  }
  return fixGenes(joint, list);
}
