import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RandomStream } from '../../src/core/rng.js';
import { costOf } from '../../src/cost/cost.js';
import { dimensionsOf } from '../../src/graph/graph.js';
import { checkSpace } from '../../src/space/check.js';
import { parametersOf } from '../../src/space/parameters.js';
import { getSpace, listSpaces } from '../../src/space/spaces/catalog.js';
import { deriveSubnet, fixGenes } from '../../src/space/subnet.js';
import type { SearchSpace } from '../../src/space/types.js';

const draw = (space: SearchSpace, counter: number): number[] => {
  const random = new RandomStream(1, 'test', counter);
  return space.genes.map(({ size }) => random.integer(size));
};

describe('deriveSubnet', () => {
  for (const { name } of listSpaces()) {
    it(`of ${name} has no genes, fixed dimensions, affine BatchNorm and the supernet's names`, () => {
      const space = getSpace(name);
      const supernet = new Map(parametersOf(space).map((spec) => [spec.name, spec]));
      for (let i = 0; i < 5; i++) {
        const architecture = draw(space, i);
        const subnet = deriveSubnet(space, architecture);
        checkSpace(subnet);
        assert.equal(subnet.genes.length, 0);
        for (const { choices, gene } of subnet.layers) {
          assert.equal(choices.length, 1);
          assert.equal(gene, undefined);
          for (const node of choices[0]!.graph.nodes) {
            if (node.op === 'batchNorm') assert.ok(node.affine);
            for (const dim of dimensionsOf(node)) assert.equal(typeof dim, 'number');
          }
        }
        assert.deepEqual(costOf(subnet, []), costOf(space, architecture));
        const weights = parametersOf(subnet).filter(({ trainable }) => trainable);
        for (const { name: weight, shape } of weights) {
          const largest = supernet.get(weight) ?? supernet.get(weight.replace(/\.\w+$/, '.running_mean'));
          assert.ok(largest && shape.every((size, axis) => size <= largest.shape[axis]!), weight);
        }
        // What the cost counts is what the retrained network has, quantizers' own scalars aside.
        const counted = weights.filter(({ name: weight }) => !/\.(alpha|step)$/.test(weight));
        const total = counted.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b), 0);
        assert.equal(total, costOf(space, architecture).params);
      }
    });
  }

  it('starts BatchNorm of the ShuffleNet spaces at 1 and 1e-4, as the released code', () => {
    const space = getSpace('spos-shufflenet-v2');
    const subnet = parametersOf(deriveSubnet(space, draw(space, 0)));
    const start = (name: string) => subnet.find((spec) => spec.name === name)?.init;
    assert.deepEqual(start('stem.1.weight'), { kind: 'constant', value: 1 });
    assert.deepEqual(start('stem.1.bias'), { kind: 'constant', value: 1e-4 });
  });
});

describe('fixGenes', () => {
  it('keeps the open genes, renumbered', () => {
    const space = getSpace('spos-shufflenet-v2-28-joint');
    const blocks = [3, 2, 1, 0, 3, 2, 1, 0];
    const channels = fixGenes(space, blocks);
    checkSpace(channels);
    assert.deepEqual(
      channels.genes.map(({ name }) => name),
      space.genes.slice(8).map(({ name }) => name),
    );
    const widths = draw(channels, 3);
    assert.deepEqual(costOf(channels, widths), costOf(space, [...blocks, ...widths]));
    assert.ok(parametersOf(channels).some(({ name }) => name.startsWith('layers.0.3.main')));
    assert.ok(!parametersOf(channels).some(({ name }) => name.startsWith('layers.0.0.main')));
  });

  it('rejects values out of range', () => {
    assert.throws(() => fixGenes(getSpace('nas-bench-macro'), [undefined, 3]), /layers\.1\.block/);
  });
});
