import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { costOf, costTable } from '../../src/cost/cost.js';
import { layerProfiles } from '../../src/cost/layers.js';
import { parseArchitecture } from '../../src/space/architecture.js';
import { getSpace } from '../../src/space/spaces/catalog.js';
import type { Architecture, SearchSpace } from '../../src/space/types.js';
import { nasBenchMacro } from '../externalFile.js';

const all = (space: SearchSpace, value: number): Architecture => space.genes.map(() => value);

/** MAdds and parameters of networks in the released SPOS and ProxylessNAS code, recounted there. */
const PUBLISHED: Record<string, { arch: string; madds: number; params: number }[]> = {
  'spos-shufflenet-v2': [
    { arch: '0'.repeat(20), madds: 295_842_496, params: 3_154_880 },
    { arch: '1'.repeat(20), madds: 313_654_976, params: 3_211_968 },
    { arch: '2'.repeat(20), madds: 340_373_696, params: 3_297_600 },
    { arch: '3'.repeat(20), madds: 358_825_920, params: 3_870_816 },
    { arch: '21012020202300003233', madds: 322_918_720, params: 3_558_464 }, // the released result
    { arch: '00311100202110202132', madds: 318_729_024, params: 3_345_088 },
  ],
  'spos-shufflenet-v2-joint': [
    // The released block and channel search result.
    {
      arch: '0,0,3,1,1,1,0,0,2,0,2,1,1,0,2,0,2,1,3,2/6,5,3,5,2,6,3,4,2,5,7,5,4,6,7,4,4,5,4,3',
      madds: 327_857_920,
      params: 3_432_579,
    },
    { arch: '0'.repeat(40), madds: 101_887_168, params: 2_092_920 },
    { arch: '0'.repeat(20) + '1'.repeat(20), madds: 149_842_880, params: 2_358_256 },
    { arch: '0'.repeat(20) + '2'.repeat(20), madds: 198_864_832, params: 2_623_900 },
    { arch: '0'.repeat(20) + '4'.repeat(20), madds: 295_842_496, params: 3_154_880 }, // 1.0: the block space
  ],
  'proxyless-gpu': [
    { arch: '0'.repeat(21), madds: 460_908_960, params: 5_151_552 },
    { arch: '1'.repeat(21), madds: 853_406_016, params: 7_816_008 },
    { arch: '2'.repeat(21), madds: 497_562_528, params: 5_264_832 },
  ],
  // The extremes and the best of NAS-Bench-Macro's 6,561 rows.
  'nas-bench-macro': [
    { arch: '00000000', madds: 7_713_280, params: 387_882 },
    { arch: '22222222', madds: 105_660_928, params: 2_932_586 },
    { arch: '22212220', madds: 85_164_544, params: 1_985_514 },
  ],
};

describe('published costs', () => {
  for (const [name, rows] of Object.entries(PUBLISHED)) {
    const space = getSpace(name);
    for (const { arch, madds, params } of rows) {
      it(`${name} ${arch}`, () => {
        const cost = costOf(space, parseArchitecture(space, arch));
        assert.deepEqual([cost.madds, cost.params], [madds, params]);
      });
    }
  }
});

it('MobileNetV3-Large has the parameters of torchvision and the multiply-adds of its paper', () => {
  const { madds, params } = costOf(getSpace('mobilenet-v3-large'), []);
  assert.equal(params, 5_483_032); // torchvision's mobilenet_v3_large; the paper says 5.4M
  assert.equal((madds / 1e6).toFixed(1), '216.6'); // torchvision's 0.217 GFLOPS
  assert.ok(Math.abs(madds - 219e6) < 0.012 * 219e6, `${madds}`); // table 3 of the paper
});

it('the tables of the ShuffleNet space are those of facts about the paper (MAdds per block)', () => {
  const s2s1 = [
    [13396992, 15805440, 19418112, 13146112],
    [7325696, 8931328, 11339776, 12343296],
    [26304768, 28111104, 30820608, 20296192],
    [10599680, 11603200, 13108480, 16746240],
    [30670080, 31673600, 33178880, 21199360],
    [10317440, 10819200, 11571840, 15899520],
    [30387840, 30889600, 31642240, 20634880],
    [10176320, 10427200, 10803520, 15476160],
  ];
  const repeats = [1, 3, 1, 3, 1, 7, 1, 3];
  const wanted = s2s1.flatMap((row, i) => new Array<number[]>(repeats[i]!).fill(row));
  const { base, layers } = costTable(getSpace('spos-shufflenet-v2'), 'madds');
  assert.equal(base, 38_555_648);
  assert.deepEqual(
    layers.map(({ costs }) => [...costs]),
    wanted,
  );
  const rows = layers.map(({ costs }) => [...costs]);
  const sum = (pick: (row: number[]) => number) => rows.reduce((total, row) => total + pick(row), base);
  assert.equal(
    sum((row) => Math.min(...row)),
    270_359_360,
  );
  assert.equal(
    sum((row) => Math.max(...row)),
    398_609_216,
  );
  assert.equal(
    sum((row) => row.reduce((a, b) => a + b) / 4),
    327_174_272,
  );
});

it('middle widths of the channel search are truncated as in the released code', () => {
  const space = getSpace('spos-shufflenet-v2-joint');
  const widths = space.layers
    .flatMap(({ choices }) => choices[0]!.graph.nodes)
    .map((node) => (node.op === 'conv2d' && typeof node.out === 'object' ? node.out.values : undefined))
    .filter((values) => values !== undefined);
  const stages = [
    [6, 12, 19, 25, 32, 38, 44, 51],
    [16, 32, 48, 64, 80, 96, 112, 128],
    [32, 64, 96, 128, 160, 192, 224, 256],
    [64, 128, 192, 256, 320, 384, 448, 512],
  ];
  assert.deepEqual(
    widths,
    [4, 4, 8, 4].flatMap((repeat, i) => new Array<number[]>(repeat).fill(stages[i]!)),
  );
});

describe('BitOps of ResNets with equal bits everywhere, in units of 2^30', () => {
  for (const [name, macs, published] of [
    ['spos-resnet18-mixed', 1_695_547_392, { 2: 6.316, 3: 14.212, 4: 25.266 }],
    ['spos-resnet34-mixed', 3_545_235_456, { 2: 13.207, 3: 29.716, 4: 52.828 }],
  ] as const) {
    it(name, () => {
      for (const [bits, wanted] of Object.entries(published)) {
        const space = getSpace(name, { pairs: [[Number(bits), Number(bits)]] });
        const { bitops } = costOf(space, all(space, 0));
        assert.equal(bitops, macs * Number(bits) ** 2);
        assert.equal((bitops / 2 ** 30).toFixed(3), wanted.toFixed(3));
      }
    });
  }

  it('a block counts with its own pair', () => {
    const space = getSpace('spos-resnet18-mixed');
    const { layers } = costTable(space, 'bitops');
    for (const { costs } of layers) {
      const perBit = costs[0]! / (1 * 2);
      assert.deepEqual(
        [...costs],
        [2, 4, 4, 8, 12, 16].map((product) => perBit * product),
      );
    }
  });
});

// Quantized: torchvision's parameters without the first convolution, BatchNorm and the linear layer.
describe('size of ResNets with equal bits everywhere', () => {
  it('is that of the float network, less what the convolutions of the blocks save', () => {
    for (const [name, params, quantized] of [
      ['spos-resnet18-mixed', 11_689_512, 11_157_504],
      ['spos-resnet34-mixed', 21_797_672, 21_258_240],
    ] as const) {
      for (const bits of [1, 4, 32]) {
        const space = getSpace(name, { pairs: [[bits, bits]] });
        const { weightbits } = costOf(space, all(space, 0));
        assert.equal(weightbits, 32 * params - (32 - bits) * quantized);
      }
    }
  });
});

describe('networks that everybody counts', () => {
  // torchvision's parameter counts; activations as timm's benchmark tables give them (millions).
  it('ResNet-18 and -34', () => {
    const r18 = costOf(getSpace('spos-resnet18-mixed'), all(getSpace('spos-resnet18-mixed'), 0));
    assert.deepEqual(
      [r18.params, r18.madds, (r18.activations / 1e6).toFixed(2)],
      [11_689_512, 1_814_073_344, '2.48'],
    );
    const r34 = costOf(getSpace('spos-resnet34-mixed'), all(getSpace('spos-resnet34-mixed'), 0));
    assert.deepEqual(
      [r34.params, r34.madds, (r34.activations / 1e6).toFixed(2)],
      [21_797_672, 3_663_761_408, '3.74'],
    );
  });

  it('FBNet-C has 5.57 M parameters and 6.51 M activations', () => {
    const space = getSpace('fbnet');
    const blocks =
      'k3-e1 k3-e6 k3-e1 k3-e1 identity k5-e6 k5-e3 k5-e6 k3-e6 k5-e6 k5-e3 k5-e6 k5-e6 ' +
      'k5-e6 k5-e6 k5-e6 k5-e3 k5-e6 k5-e6 k5-e6 k5-e6 k3-e6';
    const architecture = blocks.split(' ').map((block, i) => space.genes[i]!.labels.indexOf(block));
    const { params, activations, madds } = costOf(space, architecture);
    assert.deepEqual([(params / 1e6).toFixed(2), (activations / 1e6).toFixed(2)], ['5.57', '6.51']);
    assert.ok(Math.abs(madds - 375e6) < 0.03 * 375e6, String(madds)); // the paper's 375 M
  });

  it('FBNet has 9^22 architectures, ProxylessNAS skips where shapes are kept', () => {
    assert.deepEqual(
      getSpace('fbnet').genes.map(({ size }) => size),
      new Array<number>(22).fill(9),
    );
    const sizes = getSpace('proxyless-gpu').genes.map(({ size }) => size);
    assert.deepEqual(sizes, [
      ...[6, 7, 7, 7],
      ...[6, 7, 7, 7],
      ...[6, 7, 7, 7],
      ...[6, 7, 7, 7],
      ...[6, 7, 7, 7],
      6,
    ]);
  });
});

describe('baselines', () => {
  it('come within 1 % of the target for every block', () => {
    for (const choice of [0, 1, 2, 3]) {
      const space = getSpace('spos-shufflenet-v2-baseline', { choice, madds: 324e6 });
      assert.equal(space.genes.length, 0);
      const { madds } = costOf(space, []);
      assert.ok(Math.abs(madds - 324e6) < 3.24e6, `${choice}: ${madds}`);
    }
  });

  it('say when the target is out of reach', () => {
    assert.throws(() => getSpace('spos-shufflenet-v2-baseline', { madds: 1e6 }), /within reach/);
  });
});

it('all 6,561 rows of NAS-Bench-Macro, in well under a second', (t) => {
  const { path, skip } = nasBenchMacro();
  if (skip) return t.skip(skip);
  const rows = JSON.parse(readFileSync(path, 'utf8')) as Record<string, { flops: number; params: number }>;
  const space = getSpace('nas-bench-macro');
  const start = performance.now();
  const wrong = Object.entries(rows).filter(([key, { flops, params }]) => {
    const cost = costOf(space, parseArchitecture(space, key));
    return cost.madds !== flops || cost.params !== params;
  });
  const milliseconds = performance.now() - start;
  assert.deepEqual(wrong, []);
  assert.equal(Object.keys(rows).length, 6561);
  assert.ok(milliseconds < 1000, `${milliseconds} ms`);
});

it('layers are walked once per space', () => {
  const space = getSpace('nas-bench-macro');
  assert.equal(layerProfiles(space), layerProfiles(space));
});
