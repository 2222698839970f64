/** MobileNetV2-style spaces searched under latency: ProxylessNAS (arXiv 1812.00332) and FBNet (arXiv 1812.03443). */

import * as nn from '../../graph/build.js';
import { type Alternatives, choiceLayer, defineSpace, fixed } from '../define.js';
import type { SearchSpace } from '../types.js';
import { convNormAct, keepsShape, mbConv, type Place, placesOf } from './blocks.js';

export interface MobileOptions {
  name: string;
  channels: number;
  size: number;
  classes: number;
}

interface ProxylessTable {
  stem: number;
  /** Width of the first block, which is MBConv k3 e1 always. */
  first: number;
  stages: readonly (readonly [width: number, repeat: number, stride: number])[];
  last: number;
}

/** ProxylessNAS-GPU, as the paper searched it. */
export const PROXYLESS_GPU: ProxylessTable = {
  stem: 40,
  first: 24,
  stages: [
    [32, 4, 2],
    [56, 4, 2],
    [112, 4, 2],
    [128, 4, 1],
    [256, 4, 2],
    [432, 1, 1],
  ],
  last: 1728,
};

export const PROXYLESS_MOBILE: ProxylessTable = {
  stem: 32,
  first: 16,
  stages: [
    [24, 4, 2],
    [40, 4, 2],
    [80, 4, 2],
    [96, 4, 1],
    [192, 4, 2],
    [320, 1, 1],
  ],
  last: 1280,
};

export function proxyless(
  table: ProxylessTable,
  { name, channels, size, classes }: MobileOptions,
): SearchSpace {
  const { stem, first, stages, last } = table;
  const activation = 'relu6';
  return defineSpace({
    name,
    input: { channels, size },
    classes,
    layers: [
      fixed('stem', ...convNormAct(stem, { kernel: 3, stride: 2, activation })),
      fixed('first', mbConv({ input: stem, output: first, kernel: 3, stride: 1, expansion: 1, activation })),
      ...placesOf(first, stages).map((place) => choiceLayer({ choices: proxylessChoices(place) })),
      fixed('last', ...convNormAct(last, { activation }), nn.averagePool()),
      fixed('fc', nn.linear({ out: classes })),
    ],
  });
}

/** Identity, and with it depth, is a choice where it keeps the shape. */
function proxylessChoices(place: Place): Alternatives {
  const block = (kernel: number, expansion: number) =>
    mbConv({ ...place, kernel, expansion, activation: 'relu6' });
  return {
    'k3-e3': block(3, 3),
    'k3-e6': block(3, 6),
    'k5-e3': block(5, 3),
    'k5-e6': block(5, 6),
    'k7-e3': block(7, 3),
    'k7-e6': block(7, 6),
    ...(keepsShape(place) && { identity: nn.identity }),
  };
}

/**
 * FBNet, table 1 and table 2 of its paper: 22 layers x 9 blocks. The last 1x1 convolution has 1984 channels (the
 * table's bracketed figure, FBNet-B and -C; FBNet-A has 1504).
 */
export function fbnet({ name, channels, size, classes }: MobileOptions): SearchSpace {
  const activation = 'relu';
  const places = placesOf(16, [
    [16, 1, 1],
    [24, 4, 2],
    [32, 4, 2],
    [64, 4, 2],
    [112, 4, 1],
    [184, 4, 2],
    [352, 1, 1],
  ]);
  return defineSpace({
    name,
    input: { channels, size },
    classes,
    layers: [
      fixed('stem', ...convNormAct(16, { kernel: 3, stride: 2, activation })),
      ...places.map((place) => choiceLayer({ choices: fbnetChoices(place) })),
      fixed('last', ...convNormAct(1984, { activation }), nn.averagePool()),
      fixed('fc', nn.linear({ out: classes })),
    ],
  });
}

/** `g2`: both 1x1 convolutions in two groups, channels shuffled between. Skipping is a 1x1 where shapes differ. */
function fbnetChoices(place: Place): Alternatives {
  const block = (kernel: number, expansion: number, groups = 1) =>
    mbConv({ ...place, kernel, expansion, groups, alwaysExpand: true, activation: 'relu' });
  const skip = keepsShape(place)
    ? nn.identity
    : nn.sequential('main', ...convNormAct(place.output, { stride: place.stride, activation: 'relu' }));
  return {
    'k3-e1': block(3, 1),
    'k3-e1-g2': block(3, 1, 2),
    'k3-e3': block(3, 3),
    'k3-e6': block(3, 6),
    'k5-e1': block(5, 1),
    'k5-e1-g2': block(5, 1, 2),
    'k5-e3': block(5, 3),
    'k5-e6': block(5, 6),
    identity: skip,
  };
}
