/** Grouped 1x1 convolutions and channel shuffles in fused chains against the walk through libtorch. */
import { describe, test } from 'node:test';
import * as nn from '../../src/graph/build.js';
import { choiceLayer, defineSpace, fixed } from '../../src/space/define.js';
import type { SearchSpace } from '../../src/space/types.js';
import { assertLikeLibtorch, assertNearLibtorch } from './againstLibtorch.js';

interface GroupedNetwork {
  /** Of the grouped convolutions, and of the shuffle between them. */
  groups?: number;
  shuffle?: number;
  affine?: boolean;
  stride?: number;
  quantized?: boolean;
}

/** Blocks of FBNet (grouped, shuffled, depthwise, grouped), the second with a shortcut; widths of the first are a gene. */
function groupedSpace({
  groups = 2,
  shuffle = groups,
  affine = false,
  stride = 1,
  quantized = false,
}: GroupedNetwork): SearchSpace {
  const weights = quantized ? { weightQuantizer: { method: 'dorefa', bits: 4 } as const } : {};
  const block = (output: number, stride: number, channels: Parameters<typeof nn.conv2d>[0]['out']) =>
    nn.sequential(
      'main',
      nn.conv2d({ out: channels, groups, ...weights }),
      nn.batchNorm({ affine }),
      nn.hswish(),
      nn.channelShuffle(shuffle),
      nn.depthwise({ kernel: 3, stride }),
      nn.batchNorm({ affine }),
      nn.hswish(),
      nn.conv2d({ out: output, groups, ...weights }),
      nn.batchNorm({ affine }),
    );
  return defineSpace({
    name: 'grouped',
    input: { channels: 3, size: 10 },
    classes: 5,
    layers: [
      fixed('stem', nn.conv2d({ out: 12, kernel: 3, padding: 1 }), nn.batchNorm({ affine }), nn.hswish()),
      choiceLayer({
        widths: ['half', 'whole'],
        choices: ({ width }) => ({ block: block(24, stride, width([36, 60])) }),
      }),
      fixed('shortcut', nn.residual(block(24, 1, 48))),
      fixed('head', nn.averagePool()),
      fixed('fc', nn.linear({ out: 5 })),
    ],
  });
}

const NETWORKS: Record<string, GroupedNetwork> = {
  'blocks of FBNet': {},
  'a stride, parameters of BatchNorm': { stride: 2, affine: true },
  'a shuffle of other groups': { shuffle: 3, affine: true },
  'shuffled, not grouped': { groups: 1, shuffle: 4, affine: true },
  'quantized weights': { quantized: true },
  'more groups than are computed together': { groups: 4, affine: true },
};

describe('groups', () => {
  for (const [name, network] of Object.entries(NETWORKS)) {
    test(`fp32, ${name}: a step, recalibration and evaluation are those of libtorch`, async () => {
      await assertLikeLibtorch(groupedSpace(network), [[0], [1]]);
    });
  }

  test('bf16: near those of libtorch', async () => {
    await assertNearLibtorch(groupedSpace({ affine: true }), [[0], [1]]);
  });
});
