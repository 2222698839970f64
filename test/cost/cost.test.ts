import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { costOf, costTable, METRICS } from '../../src/cost/cost.js';
import { tableCost } from '../../src/cost/table.js';
import * as nn from '../../src/graph/build.js';
import type { Dim } from '../../src/graph/node/types.js';
import { defineSpace, fixed } from '../../src/space/define.js';
import { getSpace, listSpaces } from '../../src/space/spaces/catalog.js';
import type { Architecture, SearchSpace } from '../../src/space/types.js';

/**
 * Counts a network with nothing of src but its data: rectangular sizes, one op after the other, one architecture at
 * a time, every weight tensor counted by its shape.
 */
function bruteForce(space: SearchSpace, architecture: Architecture) {
  const read = (dim: Dim): number => (typeof dim === 'number' ? dim : dim.values[architecture[dim.gene]!]!);
  const total = { madds: 0, params: 0, bitops: 0, activations: 0, weightbits: 0 };
  let [c, h] = [space.input.channels, space.input.size];
  for (const layer of space.layers) {
    const { nodes } = layer.choices[layer.gene === undefined ? 0 : architecture[layer.gene]!]!.graph;
    const values: { c: number; h: number; bits: number }[] = [{ c, h, bits: 32 }];
    for (const node of nodes) {
      const x = values[node.inputs[0]!]!;
      const y = { c: x.c, h: x.h, bits: 32 };
      if (node.op === 'conv2d') {
        y.c = node.out === undefined ? x.c : read(node.out);
        let positions = 0;
        for (let top = -node.padding; top + node.kernel <= x.h + node.padding; top += node.stride)
          positions++;
        y.h = positions;
        const groups = node.groups === 'depthwise' ? x.c : node.groups;
        const weights = y.c * (x.c / groups) * node.kernel * node.kernel;
        const bias = node.bias ? y.c : 0;
        total.params += weights + bias;
        total.weightbits +=
          weights * (node.weightQuantizer ? read(node.weightQuantizer.bits) : 32) + 32 * bias;
        total.madds += weights * y.h * y.h;
        total.activations += y.c * y.h * y.h;
        if (node.weightQuantizer)
          total.bitops += weights * y.h * y.h * read(node.weightQuantizer.bits) * x.bits;
      } else if (node.op === 'maxPool') {
        y.h = Math.floor((x.h + 2 * node.padding - node.kernel) / node.stride) + 1;
      } else if (node.op === 'adaptiveAveragePool') {
        y.h = node.size;
      } else if (node.op === 'batchNorm') {
        total.params += 2 * x.c;
        total.weightbits += 64 * x.c;
      } else if (node.op === 'slice') {
        y.c = 0;
        for (let i = node.start; i < (node.end ?? x.c); i += node.step) y.c++;
      } else if (node.op === 'concat') {
        y.c = node.inputs.map((index) => values[index]!.c).reduce((a, b) => a + b);
      } else if (node.op === 'linear') {
        total.madds += node.out * x.c * x.h * x.h;
        const params = node.out * x.c * x.h * x.h + (node.bias ? node.out : 0);
        total.params += params;
        total.weightbits += 32 * params;
        total.activations += node.out;
        y.c = node.out;
        y.h = 1;
      } else if (node.op === 'fakeQuantize') {
        y.bits = read(node.bits);
      }
      values.push(y);
    }
    ({ c, h } = values.at(-1)!);
  }
  return total;
}

const architectures = (space: SearchSpace) => fc.tuple(...space.genes.map(({ size }) => fc.nat(size - 1)));

describe('cost = sum of tables = brute force', () => {
  for (const { name } of listSpaces()) {
    it(`in ${name}`, () => {
      const space = getSpace(name);
      const tables = METRICS.map((metric) => costTable(space, metric));
      fc.assert(
        fc.property(architectures(space), (architecture) => {
          const cost = costOf(space, architecture);
          assert.deepEqual(cost, bruteForce(space, architecture));
          for (const table of tables) {
            assert.equal(tableCost(table, architecture), cost[table.metric as keyof typeof cost]);
          }
        }),
        { numRuns: 50 },
      );
    });
  }
});

describe('BitOps', () => {
  const weightQuantizer = { method: 'dorefa', bits: 2 } as const;
  const conv = (out = 8) => nn.conv2d({ out, weightQuantizer });
  const bitops = (...before: nn.Module[]) => {
    const layer = nn.indexed(nn.relu(), ...before, conv());
    const layers = [fixed('layer', layer), fixed('head', nn.averagePool(), nn.linear({ out: 2 }))];
    return costOf(defineSpace({ name: 'bits', input: { channels: 8, size: 6 }, classes: 2, layers }), [])
      .bitops;
  };
  const quantize = nn.fakeQuantize('pact', 4);

  it('count features by their quantizer, also where channels are chosen, shuffled, pooled or joined behind it', () => {
    const madds = 8 * 8 * 6 * 6;
    assert.equal(bitops(quantize), madds * 2 * 4);
    assert.equal(bitops(), madds * 2 * 32);
    assert.equal(bitops(quantize, nn.channelShuffle(2), nn.dropout(0.5), nn.maxPool(3, 1, 1)), madds * 2 * 4);
    const halves = nn.concat(nn.channels('odd'), nn.split(2, 0));
    assert.equal(bitops(quantize, halves), madds * 2 * 4);
    assert.equal(
      bitops(nn.concat(nn.pipe(nn.channels('odd'), quantize), nn.channels('even'))),
      madds * 2 * 32,
    );
    assert.equal(bitops(quantize, nn.relu6()), madds * 2 * 32);
  });
});

describe('another input size or number of classes', () => {
  it('costs what the space built for it costs', () => {
    for (const { name, channels } of listSpaces()) {
      if (name === 'spos-shufflenet-v2-baseline') continue; // its widths follow from the size
      const space = getSpace(name);
      const [size, classes] = [96, 7];
      const built = getSpace(name, { size, classes, channels });
      const architecture = space.genes.map(({ size: values }) => values - 1);
      assert.deepEqual(costOf(space, architecture, { size, classes }), costOf(built, architecture), name);
    }
  });

  it('may be anything for which shapes fit', () => {
    const space = getSpace('spos-shufflenet-v2');
    const zeros = space.genes.map(() => 0);
    for (const size of [32, 96, 160, 225]) assert.ok(costOf(space, zeros, { size }).madds > 0);
    assert.throws(() => costOf(space, zeros, { size: 0 }), /positive integer as input size/);
    assert.throws(() => costOf(space, zeros, { classes: -1 }), /positive integer/);
  });
});

it('unknown metrics get a hint', () => {
  assert.throws(
    () => costTable(getSpace('nas-bench-macro'), 'madd'),
    (error: Error & { hint?: string }) => error.hint === "did you mean 'madds'?",
  );
});

it('an architecture that the space does not have costs nothing that another one costs', () => {
  const space = getSpace('spos-shufflenet-v2-joint');
  const table = costTable(space, 'madds');
  const architecture = space.genes.map(() => 0);
  assert.ok(tableCost(table, architecture) > 0);
  const tooLarge = architecture.with(1, space.genes[1]!.size);
  for (const wrong of [tooLarge, architecture.with(0, -1), architecture.with(0, 0.5), architecture.slice(1)])
    assert.throws(
      () => tableCost(table, wrong),
      /whole number from 0 to \d+ for gene \d+ of an architecture/,
    );
});
