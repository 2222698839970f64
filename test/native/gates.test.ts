/** Gates (squeeze-and-excite) in fused chains against the walk through libtorch. */
import { describe, test } from 'node:test';
import * as nn from '../../src/graph/build.js';
import { choiceLayer, defineSpace, fixed } from '../../src/space/define.js';
import type { SearchSpace } from '../../src/space/types.js';
import { assertLikeLibtorch, assertNearLibtorch } from './againstLibtorch.js';

interface GatedNetwork {
  hidden: number;
  squeeze: number;
  stride?: number;
  affine?: boolean;
  size?: number;
  batch?: number;
}

/** Two inverted residuals with gates, the second with a shortcut, and a biased head; widths of the first are a gene. */
function gatedSpace({ hidden, squeeze, stride = 1, affine = false, size = 12 }: GatedNetwork): SearchSpace {
  const block = (output: number, stride: number, channels: Parameters<typeof nn.conv2d>[0]['out']) =>
    nn.sequential(
      'main',
      nn.conv2d({ out: channels }),
      nn.batchNorm({ affine }),
      nn.hswish(),
      nn.depthwise({ kernel: 5, stride }),
      nn.batchNorm({ affine }),
      nn.hswish(),
      nn.squeezeExcite({ channels, squeeze }),
      nn.conv2d({ out: output }),
      nn.batchNorm({ affine }),
    );
  return defineSpace({
    name: 'gated',
    input: { channels: 3, size },
    classes: 5,
    layers: [
      choiceLayer({
        widths: ['half', 'whole'],
        choices: ({ width }) => ({ block: block(9, stride, width([hidden >> 1, hidden])) }),
      }),
      fixed('shortcut', nn.residual(block(9, 1, hidden))),
      fixed('head', nn.averagePool(), nn.conv2d({ out: 19, bias: true }), nn.hswish()),
      fixed('fc', nn.linear({ out: 5 })),
    ],
  });
}

/** Both widths. */
const ARCHITECTURES = [[0], [1]];

const NETWORKS: Record<string, GatedNetwork> = {
  'ragged channels': { hidden: 38, squeeze: 7, stride: 2, affine: true },
  'without parameters of BatchNorm': { hidden: 32, squeeze: 8 },
  'maps of one pixel': { hidden: 24, squeeze: 8, size: 1, affine: true, batch: 20 },
  'one image': { hidden: 20, squeeze: 16, batch: 1 },
};

describe('gates', () => {
  for (const [name, network] of Object.entries(NETWORKS)) {
    test(`fp32, ${name}: a step, recalibration and evaluation are those of libtorch`, async () => {
      await assertLikeLibtorch(gatedSpace(network), ARCHITECTURES, network.batch);
    });
  }

  test('bf16: near those of libtorch', async () => {
    await assertNearLibtorch(gatedSpace(NETWORKS['ragged channels']!), ARCHITECTURES);
  });
});
