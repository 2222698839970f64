/** The twins of the networks in scripts/make-vectors.py, under the same names. */

import * as nn from '../../src/graph/build.js';
import { choiceLayer, defineSpace, fixed, type LayerSpec } from '../../src/space/define.js';
import { shuffleBlock } from '../../src/space/spaces/shufflenetV2.js';
import type { SearchSpace } from '../../src/space/types.js';

type Modules = [nn.Module, ...nn.Module[]];

/** conv, norm, activation. */
function unit(
  out: number,
  kernel = 1,
  { stride = 1, affine = false, act = nn.relu() as nn.Module | null } = {},
): Modules {
  return [nn.conv2d({ out, kernel, stride }), nn.batchNorm({ affine }), ...(act ? [act] : [])];
}

const depthwiseUnit = (kernel: number, act: nn.Module): Modules => [
  nn.depthwise({ kernel }),
  nn.batchNorm({ affine: true }),
  act,
];

const seq = (...modules: Modules): nn.Module => nn.indexed(...modules);
const shuffle = (
  input: number,
  output: number,
  mid: number,
  kernel: 3 | 5 | 7 | 'xception',
  stride: number,
) => shuffleBlock({ input, output, stride } as Parameters<typeof shuffleBlock>[0], mid, kernel);

interface OpNet {
  body: nn.Module;
  channels: number;
  size: number;
  bias?: boolean;
}

const op = (channels: number, size: number, body: nn.Module): OpNet => ({ channels, size, body });

function forEachActivation(entry: (kind: nn.Activation) => [string, OpNet]): Record<string, OpNet> {
  return Object.fromEntries(nn.ACTIVATIONS.map(entry));
}

const OPS: Record<string, OpNet> = {
  'conv-3x3-stride-2-bias': op(3, 7, seq(nn.conv2d({ out: 6, kernel: 3, stride: 2, bias: true }))),
  'conv-groups': op(4, 5, seq(nn.conv2d({ out: 6, kernel: 3, groups: 2, bias: true }))),
  'conv-depthwise-5x5-stride-2': op(5, 8, seq(nn.depthwise({ kernel: 5, stride: 2 }))),
  'conv-depthwise-bias': op(3, 4, seq(nn.depthwise({ kernel: 3, bias: true }))),
  'conv-unpadded': op(
    2,
    6,
    seq(
      nn.conv2d({ out: 3, kernel: 3, padding: 0 }),
      nn.conv2d({ out: 4, kernel: 2, stride: 2, padding: 0 }),
    ),
  ),
  'batch-norm-affine': op(3, 4, seq(nn.batchNorm({ affine: true }))),
  'batch-norm-plain': op(3, 4, seq(nn.batchNorm({ momentum: 0.3, eps: 1e-3 }))),
  ...forEachActivation((kind) => [kind, op(2, 6, seq(nn.activation(kind)))]),
  'channel-shuffle-2': op(6, 3, seq(nn.channelShuffle(2))),
  'channel-shuffle-3': op(6, 3, seq(nn.channelShuffle(3))),
  split: op(6, 3, seq(nn.split(3, 1))),
  'slice-even': op(7, 3, seq(nn.channels('even'))),
  'slice-odd': op(7, 3, seq(nn.channels('odd'))),
  'slice-range': op(7, 3, seq(nn.slice(1, 3, 6))),
  concat: op(
    3,
    4,
    nn.concat(
      nn.sequential('left', nn.conv2d({ out: 2 })),
      nn.identity,
      nn.sequential('right', nn.conv2d({ out: 4, kernel: 3 })),
    ),
  ),
  'add-identity': op(3, 4, nn.residual(nn.sequential('main', nn.conv2d({ out: 3, kernel: 3 })))),
  'add-projection': op(
    3,
    4,
    nn.residual(
      nn.sequential('main', nn.conv2d({ out: 5, kernel: 3, stride: 2 })),
      nn.sequential('shortcut', nn.conv2d({ out: 5, stride: 2 })),
    ),
  ),
  'squeeze-excite': op(6, 4, seq(nn.squeezeExcite({ channels: 6, squeeze: 3 }))),
  'squeeze-excite-residual': op(
    5,
    6,
    nn.residual(
      nn.sequential(
        'main',
        ...unit(10, 1, { affine: true, act: nn.activation('silu') }),
        ...depthwiseUnit(3, nn.activation('silu')),
        nn.squeezeExcite({ channels: 10, activation: 'silu', gate: 'sigmoid' }),
        ...unit(5, 1, { affine: true, act: null }),
      ),
    ),
  ),
  'average-pool-1': op(5, 4, seq(nn.averagePool())),
  'average-pool-3': op(2, 7, seq(nn.averagePool(3))),
  'max-pool-3-stride-2': op(2, 7, seq(nn.maxPool(3, 2, 1))),
  'max-pool-2': op(2, 5, seq(nn.maxPool(2, 2))),
  linear: op(3, 2, nn.identity),
  'linear-without-bias': { ...op(3, 2, nn.identity), bias: false },
  'conv-norm-relu': op(3, 6, seq(...unit(7, 3, { stride: 2, affine: true }))),
  // Borders and channels beyond the last are zeros, also where the activation of zero is not.
  ...forEachActivation((kind) => [
    `chain-${kind}`,
    op(
      3,
      5,
      seq(
        ...unit(7, 1, { affine: true, act: nn.activation(kind) }),
        ...depthwiseUnit(3, nn.activation(kind)),
        ...unit(5, 3, { affine: true, act: null }),
      ),
    ),
  ]),
  'inverted-residual': op(
    5,
    6,
    nn.residual(
      nn.sequential(
        'main',
        ...unit(15, 1, { affine: true, act: nn.relu6() }),
        ...depthwiseUnit(5, nn.relu6()),
        ...unit(5, 1, { affine: true, act: null }),
      ),
    ),
  ),
  'shuffle-block': op(10, 5, shuffle(10, 10, 7, 3, 1)),
  'shuffle-block-stride-2': op(5, 6, shuffle(5, 12, 6, 5, 2)),
  'xception-block': op(6, 4, shuffle(6, 8, 5, 'xception', 1)),
  'basic-block-stride-2': op(
    4,
    6,
    nn.pipe(
      nn.residual(
        nn.sequential(
          'main',
          ...unit(6, 3, { stride: 2, affine: true }),
          ...unit(6, 3, { affine: true, act: null }),
        ),
        nn.sequential('shortcut', ...unit(6, 1, { stride: 2, affine: true, act: null })),
      ),
      nn.relu(),
    ),
  ),
  'pooled-head': op(4, 5, seq(...unit(9), nn.averagePool())),
};

function space(
  name: string,
  channels: number,
  size: number,
  classes: number,
  layers: LayerSpec[],
): SearchSpace {
  return defineSpace({ name, input: { channels, size }, classes, layers });
}

export function opSpace(name: string): SearchSpace {
  const net = OPS[name];
  if (net === undefined) throw new Error(`no network called ${name} in networks.ts`);
  const { body, channels, size, bias = true } = net;
  return space(name, channels, size, 4, [fixed('body', body), fixed('fc', nn.linear({ out: 4, bias }))]);
}

export const OP_NAMES = Object.keys(OPS);

export function shuffleNetSpace(): SearchSpace {
  const layer = (input: number, output: number, stride: number) =>
    choiceLayer({
      choices: Object.fromEntries(
        ([3, 5, 7, 'xception'] as const).map((kernel) => [
          String(kernel),
          shuffle(input, output, output / 2, kernel, stride),
        ]),
      ),
    });
  return space('shufflenet', 3, 16, 5, [
    fixed('stem', ...unit(8, 3, { stride: 2 })),
    layer(8, 16, 2),
    layer(16, 16, 1),
    layer(16, 24, 2),
    fixed('last', ...unit(20), nn.averagePool()),
    fixed('fc', nn.linear({ out: 5, bias: false })),
  ]);
}

/** A gate whose chain pools: in bf16 the fused kernels leave float32 there. */
const pooledGate = (): nn.Module =>
  nn.gated(
    nn.sequential('gate', ...unit(8, 3, { affine: true }), nn.averagePool(), nn.activation('sigmoid')),
  );

export function pooledGateSpace(): SearchSpace {
  return space('pooled-gate', 3, 12, 4, [
    fixed('stem', ...unit(8, 3, { affine: true })),
    fixed('gate', pooledGate()),
    fixed('fc', nn.averagePool(), nn.linear({ out: 4 })),
  ]);
}

/** In bf16 a pool leaves float32 behind: sums of a chain in one type with a shortcut in the other, either way around. */
export function twoTypesSpace(): SearchSpace {
  const main = () => nn.sequential('main', ...unit(8, 3, { affine: true, act: null }));
  return space('two-types', 3, 12, 4, [
    fixed('stem', ...unit(8, 3, { affine: true })),
    fixed('bf16', nn.residual(main(), pooledGate()), nn.relu()),
    fixed('fp32', nn.residual(nn.pipe(pooledGate(), main())), nn.relu()),
    fixed('fc', nn.averagePool(), nn.linear({ out: 4 })),
  ]);
}

export function widthSpace(): SearchSpace {
  const layer = choiceLayer({
    widths: ['2', '5', '10'],
    choices: ({ width }) => ({
      block: nn.indexed(
        nn.conv2d({ out: width([2, 5, 10]) }),
        nn.batchNorm({ affine: true }),
        nn.relu(),
        nn.depthwise({ kernel: 3 }),
        nn.batchNorm(),
        nn.relu6(),
        nn.depthwise({ kernel: 3, bias: true }),
        nn.conv2d({ out: 6, kernel: 3, bias: true }),
      ),
    }),
  });
  return space('slices', 3, 5, 4, [
    fixed('stem', nn.conv2d({ out: 6, kernel: 3 })),
    layer,
    layer,
    fixed('pool', nn.averagePool()),
    fixed('fc', nn.linear({ out: 4 })),
  ]);
}

export function quantSpace(
  weights: 'dorefa' | 'lsq',
  features: 'pact' | 'lsq',
  values: number[],
): SearchSpace {
  return space(`${weights}-${features}`, 3, 6, 4, [
    choiceLayer({
      bits: values.map(String),
      choices: ({ bits }) => ({
        block: nn.indexed(
          nn.fakeQuantize(features, bits(values)),
          nn.conv2d({ out: 6, kernel: 3, weightQuantizer: { method: weights, bits: bits(values) } }),
        ),
      }),
    }),
    fixed('fc', nn.linear({ out: 4 })),
  ]);
}

/** Two layers of two choices: small enough for many optimizer steps. */
export function twoPathsSpace(): SearchSpace {
  const layer = choiceLayer({
    choices: {
      one: nn.indexed(...unit(6, 1, { affine: true })),
      three: nn.indexed(...unit(6, 3, { affine: true })),
    },
  });
  return space('two-paths', 2, 5, 3, [
    fixed('stem', ...unit(6, 3, { affine: true })),
    layer,
    layer,
    fixed('pool', nn.averagePool()),
    fixed('fc', nn.linear({ out: 3 })),
  ]);
}

/** With a block gene, a width gene, dropout and every kind of buffer: for properties. */
export function mixedSpace(): SearchSpace {
  const layer = choiceLayer({
    widths: ['3', '6'],
    choices: ({ width }) => ({
      residual: nn.residual(
        nn.sequential(
          'main',
          nn.conv2d({ out: width([3, 6]) }),
          nn.batchNorm({ affine: true }),
          nn.relu(),
          nn.conv2d({ out: 6, kernel: 3 }),
          nn.batchNorm(),
        ),
      ),
      shuffle: shuffle(6, 6, 4, 3, 1),
      identity: nn.identity,
    }),
  });
  return space('mixed', 3, 8, 4, [
    fixed('stem', ...unit(6, 3, { stride: 2, affine: true })),
    layer,
    layer,
    layer,
    fixed('head', ...unit(8), nn.averagePool(), nn.dropout(0.4)),
    fixed('fc', nn.linear({ out: 4 })),
  ]);
}

/** The mean of 64 x 64 pixels after dropout, once `fc` is set to average. */
export function dropoutSpace(): SearchSpace {
  return space('dropout', 1, 64, 1, [fixed('dropout', nn.dropout(0.4)), fixed('fc', nn.linear({ out: 1 }))]);
}
