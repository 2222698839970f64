import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { SinglePathError } from '../../src/core/errors.js';
import * as nn from '../../src/graph/build.js';
import type { Shape } from '../../src/graph/node/types.js';
import { ops } from '../../src/graph/ops/index.js';
import { graphCost, graphParameters, inferShapes, readerOf } from '../../src/graph/walk.js';

const INPUT: Shape = { channels: 8, height: 10, width: 6 };
const fixedOnly = readerOf([]);

function output(module: nn.Module, input = INPUT): number[] {
  const { channels, height, width } = inferShapes(nn.buildGraph('net', module), input, fixedOnly).at(-1)!;
  return [channels, height, width];
}

function costOf(module: nn.Module, input = INPUT) {
  return graphCost(nn.buildGraph('net', module), input, fixedOnly).cost;
}

function fails(module: nn.Module, message: RegExp, input = INPUT): void {
  assert.throws(
    () => inferShapes(nn.buildGraph('net', module), input, fixedOnly),
    (error) =>
      error instanceof SinglePathError && error.code === 'INVALID_SPACE' && message.test(error.message),
  );
}

describe('shapes', () => {
  it('of windows are those of PyTorch', () => {
    assert.deepEqual(output(nn.conv2d({ out: 5 })), [5, 10, 6]);
    assert.deepEqual(output(nn.conv2d({ out: 5, kernel: 3, stride: 2 })), [5, 5, 3]);
    assert.deepEqual(output(nn.conv2d({ out: 5, kernel: 7, stride: 2, padding: 3 })), [5, 5, 3]);
    assert.deepEqual(output(nn.conv2d({ out: 5, kernel: 4, padding: 0 })), [5, 7, 3]);
    assert.deepEqual(output(nn.depthwise({ kernel: 5, stride: 2 })), [8, 5, 3]);
    assert.deepEqual(output(nn.maxPool(3, 2, 1)), [8, 5, 3]);
    assert.deepEqual(output(nn.averagePool()), [8, 1, 1]);
  });

  it('of channel ops follow the channels', () => {
    assert.deepEqual(output(nn.channels('odd')), [4, 10, 6]);
    assert.deepEqual(output(nn.channels('even'), { ...INPUT, channels: 7 }), [4, 10, 6]);
    assert.deepEqual(output(nn.slice(2, 1, 5)), [3, 10, 6]);
    assert.deepEqual(output(nn.slice(1, 3)), [3, 10, 6]); // 1, 4, 7
    assert.deepEqual(output(nn.split(4, 1)), [2, 10, 6]);
    assert.deepEqual(output(nn.concat(nn.identity, nn.conv2d({ out: 3 }))), [11, 10, 6]);
    assert.deepEqual(output(nn.residual(nn.conv2d({ out: 8, kernel: 3 }))), [8, 10, 6]);
    for (const same of [nn.batchNorm(), nn.relu(), nn.hswish(), nn.channelShuffle(4), nn.dropout(0.5)]) {
      assert.deepEqual(output(same), [8, 10, 6]);
    }
    assert.deepEqual(output(nn.linear({ out: 3 })), [3, 1, 1]);
    assert.deepEqual(output(nn.squeezeExcite({ channels: 8 })), [8, 10, 6]);
    assert.deepEqual(output(nn.gated(nn.depthwise({}))), [8, 10, 6]);
  });
});

describe('nodes that do not fit', () => {
  it('are named, with what was expected and received', () => {
    const node = /node 'net\.conv2d' \(conv2d\)/;
    fails(nn.conv2d({ out: 6, groups: 4 }), node);
    fails(nn.conv2d({ out: 6, groups: 4 }), /output channels divisible by 4 groups .* received 6/);
    fails(nn.conv2d({ out: 6, groups: 3 }), /input channels divisible by 3 groups .* received 8/);
    fails(nn.conv2d({ out: 2.5 }), /positive integer as output channels/);
    fails(nn.conv2d({ out: 2, kernel: 9, padding: 0 }), /at least 9 pixels .* received 6/);
    fails(nn.channelShuffle(3), /channels divisible by 3 groups .* received 8/);
    fails(nn.split(3, 0), /divisible by 3 parts/);
    fails(nn.split(2, 2), /index below 2 parts/);
    fails(nn.slice(8), /start below 8/);
    fails(nn.slice(0, 1, 9), /at most 8 channels/);
    fails(nn.residual(nn.conv2d({ out: 4 })), /Expected 4x10x6 .*'net\.add'.* received 8x10x6/);
    fails(nn.concat(nn.identity, nn.maxPool(2, 2)), /10x6 pixels .* received 8x5x3/);
    fails(nn.gated(nn.averagePool(2)), /8x10x6 or 8x1x1 .*'net\.multiply'.* received 8x2x2/);
    fails(nn.squeezeExcite({ channels: 9 }), /8x10x6 or 8x1x1 .* received 9x1x1/);
    fails(nn.dropout(1), /probability/);
    for (const bits of [0, 1.5, 9, 16, 64]) fails(nn.fakeQuantize('pact', bits), /feature bits from 1 to 8/);
    fails(
      nn.conv2d({ out: 2, weightQuantizer: { method: 'dorefa', bits: 9 } }),
      /weight bits from 1 to 8, or 32 for float .* received 9/,
    );
  });

  it('include convolutions without output channels', () => {
    const graph = nn.buildGraph('net', nn.conv2d({ out: 4 }));
    const [node] = graph.nodes;
    assert.ok(node?.op === 'conv2d');
    delete node.out;
    assert.throws(
      () => inferShapes(graph, INPUT, fixedOnly),
      /output channels, or depthwise .* received neither/,
    );
    Object.assign(node, { out: 8, groups: 'depthwise' });
    assert.throws(() => inferShapes(graph, INPUT, fixedOnly), /received both/);
  });

  it('include inputs that come later', () => {
    const node = { op: 'add', name: 'a', inputs: [0, 2] } as const;
    const graph = { nodes: [{ ...node, inputs: [...node.inputs] }] };
    assert.throws(() => inferShapes(graph, INPUT, fixedOnly), /inputs computed before it .* value 2/);
  });
});

describe('costs', () => {
  it('of squeeze-and-excite are those of its two convolutions on one pixel', () => {
    assert.deepEqual(costOf(nn.squeezeExcite({ channels: 8, squeeze: 3 })), {
      madds: 2 * 8 * 3,
      params: 2 * 8 * 3 + 3 + 8,
      bitops: 0,
      activations: 3 + 8,
      weightbits: 32 * (2 * 8 * 3 + 3 + 8),
    });
  });

  it('count multiply-adds of convolutions and linear layers only', () => {
    assert.deepEqual(costOf(nn.conv2d({ out: 12, kernel: 3, stride: 2, groups: 2, bias: true })), {
      madds: 12 * 4 * 9 * 15,
      params: 12 * 4 * 9 + 12,
      bitops: 0,
      activations: 12 * 15,
      weightbits: 32 * (12 * 4 * 9 + 12),
    });
    assert.deepEqual(costOf(nn.depthwise({ kernel: 5 })), {
      madds: 8 * 25 * 60,
      params: 8 * 25,
      bitops: 0,
      activations: 8 * 60,
      weightbits: 32 * 8 * 25,
    });
    assert.deepEqual(costOf(nn.linear({ out: 3 })), {
      madds: 480 * 3,
      params: 1443,
      bitops: 0,
      activations: 3,
      weightbits: 32 * 1443,
    });
    const free = nn.pipe(
      nn.relu(),
      nn.channelShuffle(2),
      nn.maxPool(2, 2),
      nn.averagePool(),
      nn.dropout(0.1),
    );
    assert.deepEqual(costOf(free), { madds: 0, params: 0, bitops: 0, activations: 0, weightbits: 0 });
  });

  it('count BatchNorm as affine, as the retrained network has it', () => {
    assert.equal(costOf(nn.batchNorm({ affine: false })).params, 16);
    assert.equal(costOf(nn.batchNorm({ affine: true })).params, 16);
  });

  it('take the bits of features from the quantizer before the convolution', () => {
    const conv = nn.conv2d({ out: 1, weightQuantizer: { method: 'dorefa', bits: 3 } });
    assert.equal(costOf(nn.pipe(nn.fakeQuantize('pact', 4), conv)).bitops, 8 * 60 * 3 * 4);
    assert.equal(costOf(conv).bitops, 8 * 60 * 3 * 32);
    assert.equal(costOf(nn.pipe(nn.fakeQuantize('pact', 4), nn.conv2d({ out: 1 }))).bitops, 0);
  });
});

describe('parameters', () => {
  const parameters = (module: nn.Module) => {
    const graph = nn.buildGraph('net', module);
    return graphParameters(graph, inferShapes(graph, INPUT, fixedOnly));
  };

  it('have the names and shapes of PyTorch', () => {
    const specs = parameters(
      nn.indexed(
        nn.conv2d({ out: 6, kernel: 3, groups: 2, bias: true }),
        nn.batchNorm({ affine: true }),
        nn.linear({ out: 2 }),
      ),
    );
    assert.deepEqual(
      specs.map(({ name, shape, trainable }) => [name, shape, trainable]),
      [
        ['net.0.weight', [6, 4, 3, 3], true],
        ['net.0.bias', [6], true],
        ['net.1.weight', [6], true],
        ['net.1.bias', [6], true],
        ['net.1.running_mean', [6], false],
        ['net.1.running_var', [6], false],
        ['net.2.weight', [2, 360], true],
        ['net.2.bias', [2], true],
      ],
    );
  });

  it('start with the standard deviation asked for', () => {
    const std = (module: nn.Module) => {
      const { init } = parameters(module)[0]!;
      return init.kind === 'normal' ? init.std : init.kind === 'constant' && init.value;
    };
    assert.equal(std(nn.conv2d({ out: 6, kernel: 3, init: 'reciprocal' })), 1 / 8);
    assert.equal(std(nn.depthwise({ kernel: 3, init: 'reciprocal' })), 1);
    assert.equal(std(nn.conv2d({ out: 6, kernel: 3, groups: 2 })), Math.sqrt(2 / (3 * 9))); // the default, he
    assert.equal(std(nn.depthwise({ kernel: 3 })), Math.sqrt(2 / 9));
    assert.equal(std(nn.conv2d({ out: 6, init: { kind: 'constant', value: 3 } })), 3);
    assert.equal(std(nn.linear({ out: 6 })), 0.01);
  });

  it('of quantizers have one entry per value of the gene that chooses the bits', () => {
    const bits = { gene: 0, values: [2, 4, 8] };
    const graph = nn.buildGraph(
      'net',
      nn.pipe(nn.fakeQuantize('pact', bits), nn.conv2d({ out: 2, weightQuantizer: { method: 'lsq', bits } })),
    );
    const specs = graphParameters(graph, inferShapes(graph, INPUT, readerOf([0])));
    assert.deepEqual(
      specs.map(({ name, shape }) => [name, shape]),
      [
        ['net.fakeQuantize.alpha', [3]],
        ['net.conv2d.weight', [2, 8, 1, 1]],
        ['net.conv2d.step', [3]],
      ],
    );
    // LSQ section 2.1 at 4 bits: 2 E|v| / sqrt(7), E|v| of N(0, 1/8).
    const four = nn.conv2d({ out: 2, init: 'reciprocal', weightQuantizer: { method: 'lsq', bits: 4 } });
    const step = parameters(four)[1]!.init;
    assert.ok(step.kind === 'constant');
    assert.ok(Math.abs(step.value - (2 * 0.7978845608 * 0.125) / Math.sqrt(7)) < 1e-9);
  });

  it('of LSQ start at the step of each bit width', () => {
    const bits = { gene: 0, values: [1, 2, 4, 8, 32] };
    const conv = nn.conv2d({ out: 2, init: 'reciprocal', weightQuantizer: { method: 'lsq', bits } });
    const graph = nn.buildGraph('net', nn.pipe(nn.fakeQuantize('lsq', bits), conv));
    const specs = graphParameters(graph, inferShapes(graph, INPUT, readerOf([0])));
    const starts = (name: string) => {
      const { init } = specs.find((spec) => spec.name === name)!;
      assert.ok(init.kind === 'values');
      return init.values.map((step) => step.toFixed(6));
    };
    const expected = (mean: number, levels: number[]) =>
      levels.map((most) => ((2 * mean) / Math.sqrt(most)).toFixed(6));
    // E|v| of N(0, 1/8) and, after BatchNorm and ReLU, of max(0, N(0, 1)).
    assert.deepEqual(starts('net.conv2d.step'), expected(0.79788456 * 0.125, [1, 1, 7, 127, 127]));
    assert.deepEqual(starts('net.fakeQuantize.step'), expected(0.39894228, [1, 3, 15, 255, 255]));
  });
});

describe('the tables', () => {
  const rows = (file: string, table: string) => {
    const [, body] = readFileSync(file, 'utf8').match(
      new RegExp(`#define ${table}\\(X\\)((?:.*\\\\\\n)*.*)`),
    )!;
    return [...body!.matchAll(/X\((\w+)(?:, "(\w+)")?/g)].map(([, name, text]) => text ?? name);
  };

  it('of ops and activations have the same rows in TypeScript and C++', () => {
    assert.deepEqual(rows('native/graph/graph.h', 'SINGLEPATH_OPS'), Object.keys(ops));
    assert.deepEqual(rows('native/core/activation.h', 'SINGLEPATH_ACTIVATIONS'), nn.ACTIVATIONS);
  });
});
