/** NAS-Bench-Macro (arXiv 2103.11922): 8 layers x 3 choices on CIFAR-10, with the trained accuracy of each network. */

import * as nn from '../../graph/build.js';
import { type Alternatives, choiceLayer, defineSpace, fixed } from '../define.js';
import type { SearchSpace } from '../types.js';
import { convNormAct, keepsShape, mbConv, type Place, placesOf } from './blocks.js';

export function nasBenchMacro(options: {
  name: string;
  channels: number;
  size: number;
  classes: number;
}): SearchSpace {
  const { name, channels, size, classes } = options;
  const activation = 'relu';
  const places = placesOf(32, [
    [64, 2, 2],
    [128, 3, 2],
    [256, 3, 2],
  ]);
  return defineSpace({
    name,
    input: { channels, size },
    classes,
    layers: [
      fixed('stem', ...convNormAct(32, { kernel: 3, activation })),
      ...places.map((place) => choiceLayer({ choices: choicesAt(place) })),
      fixed('last', ...convNormAct(1280, { activation }), nn.averagePool()),
      fixed('fc', nn.linear({ out: classes })),
    ],
  });
}

/** Identity is a 1x1 convolution with BatchNorm, without activation, where it changes the shape. */
function choicesAt(place: Place): Alternatives {
  const { output, stride } = place;
  return {
    identity: keepsShape(place)
      ? nn.identity
      : nn.sequential('main', nn.conv2d({ out: output, stride, init: 'he' }), nn.batchNorm()),
    'mb3-k3': mbConv({ ...place, kernel: 3, expansion: 3, activation: 'relu' }),
    'mb6-k5': mbConv({ ...place, kernel: 5, expansion: 6, activation: 'relu' }),
  };
}
