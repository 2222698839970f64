/**
 * ShuffleNetV2-style spaces of the paper (arXiv 1904.00420): block search (table 1), channel search and both
 * (section 3.4).
 */

import * as nn from '../../graph/build.js';
import type { Dim } from '../../graph/node/types.js';
import { type Alternatives, choiceLayer, defineSpace, fixed, type LayerSpec } from '../define.js';
import type { SearchSpace } from '../types.js';
import { type Place, placesOf } from './blocks.js';

/** Everything that differs between members of the family. */
export interface ShuffleNetTable {
  stem: { out: number; stride: number };
  /** Rows of the paper's table 1: output width, repeats, stride of the first block. */
  stages: readonly (readonly [width: number, repeat: number, stride: number])[];
  last: number;
}

/** Channels of the branches' middle, as multiples of half the output width (section 3.4). */
export const WIDTH_SCALES = [0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6] as const;

/** Block choices in gene order. */
const CHOICES = { shuffle3x3: 3, shuffle5x5: 5, shuffle7x7: 7, xception: 'xception' } as const;
/** Kernel of the depthwise convolution, or the block of three 3x3 ones. */
export type Kernel = (typeof CHOICES)[keyof typeof CHOICES];

export const IMAGENET: ShuffleNetTable = {
  stem: { out: 16, stride: 2 },
  stages: [
    [64, 4, 2],
    [160, 4, 2],
    [320, 8, 2],
    [640, 4, 2],
  ],
  last: 1024,
};

/** 32 x 32 images keep their size at the stem and end at 8 x 8: only blocks 4 and 8 have stride 2. */
export const CIFAR: ShuffleNetTable = {
  stem: { out: 16, stride: 1 },
  stages: [
    [64, 4, 1],
    [160, 4, 2],
    [320, 8, 2],
    [640, 4, 1],
  ],
  last: 1024,
};

/** 28 x 28 grey images, eight blocks, small enough to train on two cores in minutes. */
export const SMALL: ShuffleNetTable = {
  stem: { out: 16, stride: 1 },
  stages: [
    [48, 2, 2],
    [96, 4, 2],
    [192, 2, 2],
  ],
  last: 256,
};

export interface ShuffleNetOptions {
  name: string;
  table: ShuffleNetTable;
  channels: number;
  size: number;
  classes: number;
  /** Adds one width gene per block (channel search). */
  widths: boolean;
}

export function shuffleNetV2({
  name,
  table,
  channels,
  size,
  classes,
  widths,
}: ShuffleNetOptions): SearchSpace {
  const { stem, last } = table;
  return defineSpace({
    name,
    input: { channels, size },
    classes,
    layers: [
      fixed('stem', stemConv(stem), norm(), nn.relu()),
      ...blocks(table, widths),
      fixed(
        'last',
        nn.conv2d({ out: last, init: 'reciprocal' }),
        norm(),
        nn.relu(),
        nn.averagePool(),
        nn.dropout(0.1),
      ),
      fixed('fc', nn.linear({ out: classes, bias: false })),
    ],
  });
}

/** One choice layer per block of the table. */
function blocks({ stem, stages }: ShuffleNetTable, widths: boolean): LayerSpec[] {
  return placesOf(stem.out, stages).map((place) => {
    const half = place.output >> 1;
    if (!widths) return choiceLayer({ choices: alternatives(place, half) });
    const mids = WIDTH_SCALES.map((scale) => Math.trunc(half * scale)); // int(oup // 2 * k)
    const labels = WIDTH_SCALES.map((scale) => scale.toFixed(1));
    return choiceLayer({ widths: labels, choices: ({ width }) => alternatives(place, width(mids)) });
  });
}

function alternatives(place: Place, mid: Dim): Alternatives {
  return Object.fromEntries(
    Object.entries(CHOICES).map(([name, kernel]) => [name, shuffleBlock(place, mid, kernel)]),
  );
}

/**
 * Stride 1: even channels pass, odd channels go through `main` (shuffle and split at the entrance). Stride 2: both
 * branches see the whole input, `proj` keeps its width. Either way `main` fills up to the output width.
 */
export function shuffleBlock({ input, output, stride }: Place, mid: Dim, kernel: Kernel): nn.Module {
  if (stride === 1) {
    const half = input / 2;
    const main = mainBranch(mid, output - half, 1, kernel);
    return nn.concat(nn.channels('even'), nn.pipe(nn.channels('odd'), main));
  }
  const proj = nn.sequential(
    'proj',
    ...depthwise(kernel === 'xception' ? 3 : kernel, stride),
    ...pointwise(input),
  );
  return nn.concat(proj, mainBranch(mid, output - input, stride, kernel));
}

function mainBranch(mid: Dim, out: number, stride: number, kernel: Kernel): nn.Module {
  return kernel === 'xception'
    ? nn.sequential(
        'main',
        ...depthwise(3, stride),
        ...pointwise(mid),
        ...depthwise(3, 1),
        ...pointwise(mid),
        ...depthwise(3, 1),
        ...pointwise(out),
      )
    : nn.sequential('main', ...pointwise(mid), ...depthwise(kernel, stride), ...pointwise(out));
}

const norm = () => nn.batchNorm({ init: { weight: 1, bias: 1e-4 } });

const stemConv = ({ out, stride }: { out: number; stride: number }) =>
  nn.conv2d({ out, kernel: 3, stride, init: { kind: 'normal', mean: 0, std: 0.01 } });

/** 1x1 conv, BN, ReLU. Weights start as in the paper's code. */
const pointwise = (out: Dim): nn.Module[] => [nn.conv2d({ out, init: 'reciprocal' }), norm(), nn.relu()];

/** Depthwise conv, BN; no ReLU. */
const depthwise = (kernel: number, stride: number): nn.Module[] => [
  nn.depthwise({ kernel, stride, init: 'reciprocal' }),
  norm(),
];
