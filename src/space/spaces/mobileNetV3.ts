/** MobileNetV3-Large (arXiv 1905.02244): the network of the paper, and the space around it. */

import * as nn from '../../graph/build.js';
import { type Alternatives, choiceLayer, defineSpace, fixed } from '../define.js';
import type { SearchSpace } from '../types.js';
import { convNormAct, keepsShape, mbConv, type Place } from './blocks.js';
import type { MobileOptions } from './mobile.js';

/** Table 1 of the paper, from the first bottleneck to the last. `hidden`: channels of the depthwise convolution. */
const BOTTLENECKS = [
  { kernel: 3, hidden: 16, output: 16, squeeze: false, activation: 'relu', stride: 1 },
  { kernel: 3, hidden: 64, output: 24, squeeze: false, activation: 'relu', stride: 2 },
  { kernel: 3, hidden: 72, output: 24, squeeze: false, activation: 'relu', stride: 1 },
  { kernel: 5, hidden: 72, output: 40, squeeze: true, activation: 'relu', stride: 2 },
  { kernel: 5, hidden: 120, output: 40, squeeze: true, activation: 'relu', stride: 1 },
  { kernel: 5, hidden: 120, output: 40, squeeze: true, activation: 'relu', stride: 1 },
  { kernel: 3, hidden: 240, output: 80, squeeze: false, activation: 'hswish', stride: 2 },
  { kernel: 3, hidden: 200, output: 80, squeeze: false, activation: 'hswish', stride: 1 },
  { kernel: 3, hidden: 184, output: 80, squeeze: false, activation: 'hswish', stride: 1 },
  { kernel: 3, hidden: 184, output: 80, squeeze: false, activation: 'hswish', stride: 1 },
  { kernel: 3, hidden: 480, output: 112, squeeze: true, activation: 'hswish', stride: 1 },
  { kernel: 3, hidden: 672, output: 112, squeeze: true, activation: 'hswish', stride: 1 },
  { kernel: 5, hidden: 672, output: 160, squeeze: true, activation: 'hswish', stride: 2 },
  { kernel: 5, hidden: 960, output: 160, squeeze: true, activation: 'hswish', stride: 1 },
  { kernel: 5, hidden: 960, output: 160, squeeze: true, activation: 'hswish', stride: 1 },
] as const;

const STEM = 16;
const LAST = 960;
const HEAD = 1280;

interface Bottleneck extends Place {
  activation: nn.Activation;
  /** Of the paper's network. */
  kernel: number;
  expansion: number;
  squeeze: boolean;
}

/** The bottlenecks with the widths they take. */
const bottlenecks = BOTTLENECKS.map(({ hidden, ...row }, i): Bottleneck => {
  const input = BOTTLENECKS[i - 1]?.output ?? STEM;
  return { ...row, input, expansion: hidden / input };
});

/** The network of the paper: nothing to search. */
export function mobileNetV3Large(options: MobileOptions): SearchSpace {
  return mobileNet(options, (row) => ({ [nameOf(row)]: blockOf(row) }));
}

/**
 * The paper's table, where every bottleneck but the first, which stays, has a kernel of 3, 5 or 7, an expansion of 3 or
 * 6, squeeze-and-excite or not, or is left out where that keeps the shape. Activations are the paper's.
 */
export function mobileNetV3(options: MobileOptions): SearchSpace {
  return mobileNet(options, (row) => {
    const blocks = [3, 5, 7].flatMap((kernel) =>
      [3, 6].flatMap((expansion) => [false, true].map((squeeze) => ({ ...row, kernel, expansion, squeeze }))),
    );
    return {
      ...Object.fromEntries(blocks.map((block) => [nameOf(block), blockOf(block)])),
      ...(keepsShape(row) && { identity: nn.identity }),
    };
  });
}

function mobileNet(
  { name, channels, size, classes }: MobileOptions,
  choices: (row: Bottleneck) => Alternatives,
): SearchSpace {
  const [first, ...rest] = bottlenecks;
  const activation = 'hswish';
  return defineSpace({
    name,
    input: { channels, size },
    classes,
    layers: [
      fixed('stem', ...convNormAct(STEM, { kernel: 3, stride: 2, activation })),
      fixed('first', blockOf(first!)),
      ...rest.map((row) => choiceLayer({ choices: choices(row) })),
      fixed('last', ...convNormAct(LAST, { activation }), nn.averagePool()),
      fixed('head', nn.conv2d({ out: HEAD, bias: true, init: 'he' }), nn.hswish(), nn.dropout(0.2)),
      fixed('fc', nn.linear({ out: classes })),
    ],
  });
}

/** `k5-e3-se`; expansions of the paper's network are not whole. */
function nameOf({ kernel, expansion, squeeze }: Bottleneck): string {
  return `k${kernel}-e${Number(expansion.toFixed(2))}${squeeze ? '-se' : ''}`;
}

const blockOf = ({ squeeze, ...row }: Bottleneck): nn.Module => mbConv({ ...row, squeezeExcite: squeeze });
