/** ResNet-18 and -34 with a choice of bits per basic block: mixed-precision search (arXiv 1904.00420, section 3.4). */

import * as nn from '../../graph/build.js';
import type { Dim } from '../../graph/node/types.js';
import type { FeatureQuantizerMethod, WeightQuantizerMethod } from '../../graph/ops/quantizer.js';
import { choiceLayer, defineSpace, fixed, type LayerSpec, type Pick } from '../define.js';
import type { SearchSpace } from '../types.js';
import { keepsShape, type Place, placesOf } from './blocks.js';
import { WIDTH_SCALES } from './shufflenetV2.js';

/** Bits of weights and of features. */
export type BitPair = readonly [weights: number, features: number];

/** The paper's candidates. */
const BIT_PAIRS: readonly BitPair[] = [
  [1, 2],
  [2, 2],
  [1, 4],
  [2, 4],
  [3, 4],
  [4, 4],
];

/** Blocks per stage. */
const DEPTHS = { 18: [2, 2, 2, 2], 34: [3, 4, 6, 3] } as const;

/** Quantizers of weights and features: `pact` is PACT features with DoReFa weights, as in the paper. */
export type QuantizerName = 'pact' | 'lsq';
const QUANTIZERS: Record<
  QuantizerName,
  { weights: WeightQuantizerMethod; features: FeatureQuantizerMethod }
> = {
  pact: { weights: 'dorefa', features: 'pact' },
  lsq: { weights: 'lsq', features: 'lsq' },
};

export interface ResNetOptions {
  name: string;
  depth: keyof typeof DEPTHS;
  /** Stem for 32 x 32 images: 3x3 with stride 1 and no pooling. */
  small: boolean;
  channels: number;
  size: number;
  classes: number;
  /** Default the paper's six pairs. */
  pairs?: readonly BitPair[] | undefined;
  /** Default `pact`. */
  quantizer?: QuantizerName | undefined;
  /** Adds one width gene per block (the width between its two convolutions). */
  widths?: boolean;
}

export function mixedResNet(options: ResNetOptions): SearchSpace {
  const { name, depth, small, channels, size, classes } = options;
  const stem = small ? { kernel: 3, stride: 1 } : { kernel: 7, stride: 2 };
  const repeats = DEPTHS[depth];
  const places = placesOf(64, [
    [64, repeats[0], 1],
    [128, repeats[1], 2],
    [256, repeats[2], 2],
    [512, repeats[3], 2],
  ]);
  return defineSpace({
    name,
    input: { channels, size },
    classes,
    layers: [
      fixed(
        'stem',
        nn.conv2d({ out: 64, ...stem, init: 'he' }),
        nn.batchNorm(),
        nn.relu(),
        ...pooling(small),
      ),
      ...places.map((place) => blockLayer(place, options)),
      fixed('pool', nn.averagePool()),
      fixed('fc', nn.linear({ out: classes })),
    ],
  });
}

const pooling = (small: boolean) => (small ? [] : [nn.maxPool(3, 2, 1)]);

function blockLayer(
  place: Place,
  { pairs = BIT_PAIRS, quantizer = 'pact', widths }: ResNetOptions,
): LayerSpec {
  const mids = WIDTH_SCALES.map((scale) => Math.trunc(place.output * scale));
  return choiceLayer({
    bits: pairs.map(([weights, features]) => `w${weights}a${features}`),
    ...(widths && { widths: WIDTH_SCALES.map((scale) => scale.toFixed(1)) }),
    choices: ({ bits, width }) => ({
      basic: basicBlock(place, widths ? width(mids) : place.output, quantized(pairs, quantizer, bits)),
    }),
  });
}

/** A named convolution with quantized weights, behind its own feature quantizer. */
type QuantizedConv = (name: string, window: { out: Dim; kernel: number; stride: number }) => nn.Module;

function quantized(pairs: readonly BitPair[], quantizer: QuantizerName, bits: Pick): QuantizedConv {
  const { weights: method, features } = QUANTIZERS[quantizer];
  return (name, window) => {
    const weightQuantizer = { method, bits: bits(pairs.map(([weights]) => weights)) };
    return nn.pipe(
      nn.named(
        `quantize_${name.replace('.', '_')}`,
        nn.fakeQuantize(features, bits(pairs.map(([, a]) => a))),
      ),
      nn.named(name, nn.conv2d({ ...window, init: 'he', weightQuantizer })),
    );
  };
}

/** Basic block with the names of torchvision's; the last ReLU keeps the next block's features unsigned. */
function basicBlock(place: Place, mid: Dim, conv: QuantizedConv): nn.Module {
  const { output, stride } = place;
  const main = nn.pipe(
    conv('conv1', { out: mid, kernel: 3, stride }),
    nn.named('bn1', nn.batchNorm()),
    nn.relu(),
    conv('conv2', { out: output, kernel: 3, stride: 1 }),
    nn.named('bn2', nn.batchNorm()),
  );
  const downsample = nn.pipe(
    conv('downsample.0', { out: output, kernel: 1, stride }),
    nn.named('downsample.1', nn.batchNorm()),
  );
  return nn.pipe(nn.residual(main, keepsShape(place) ? nn.identity : downsample), nn.relu());
}
