import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SinglePathError } from '../../src/core/errors.js';
import { spaceHash } from '../../src/space/hash.js';
import { getSpace, listSpaces } from '../../src/space/spaces/catalog.js';
import { deriveSubnet } from '../../src/space/subnet.js';

function rejected(work: () => unknown, message: RegExp, hint?: string): void {
  assert.throws(
    work,
    (error) =>
      error instanceof SinglePathError && message.test(error.message) && (!hint || error.hint === hint),
  );
}

describe('getSpace', () => {
  it('knows every space it lists, for the input it lists', () => {
    for (const { name, size, classes, channels } of listSpaces()) {
      const space = getSpace(name);
      assert.equal(space.name, name);
      assert.deepEqual([space.input, space.classes], [{ channels, size }, classes]);
      assert.ok(space.genes.every(({ labels, size: values }) => labels.length === values));
    }
  });

  it('builds for another input', () => {
    const space = getSpace('spos-shufflenet-v2', { size: 96, classes: 100, channels: 1 });
    assert.deepEqual([space.input, space.classes], [{ channels: 1, size: 96 }, 100]);
  });

  it('fixes the blocks of the channel spaces, one for all or one per layer', () => {
    const chosen = (blocks: number | number[]) =>
      getSpace('spos-shufflenet-v2-28-channels', { blocks })
        .layers.filter(({ name }) => name.startsWith('layers.'))
        .map(({ choices }) => choices[0]!.name);
    assert.deepEqual(chosen(3), new Array(8).fill('xception'));
    assert.deepEqual(chosen([0, 1, 2, 3, 0, 0, 0, 0]).slice(0, 4), [
      'shuffle3x3',
      'shuffle5x5',
      'shuffle7x7',
      'xception',
    ]);
  });

  it('has PACT or LSQ quantizers', () => {
    const methods = (quantizer: 'pact' | 'lsq') => {
      const nodes = getSpace('spos-resnet18-mixed', { quantizer }).layers.flatMap(
        (l) => l.choices[0]!.graph.nodes,
      );
      const quantized = nodes.map((node) =>
        node.op === 'conv2d'
          ? node.weightQuantizer?.method
          : node.op === 'fakeQuantize'
            ? node.method
            : undefined,
      );
      return [...new Set(quantized.filter((method) => method !== undefined))].sort();
    };
    assert.deepEqual(methods('pact'), ['dorefa', 'pact']);
    assert.deepEqual(methods('lsq'), ['lsq']);
  });

  it('keeps the first convolution and the last linear layer float', () => {
    for (const name of ['spos-resnet18-mixed', 'spos-resnet34-mixed', 'spos-resnet18-joint-cifar']) {
      const { layers } = getSpace(name);
      const stem = layers[0]!.choices[0]!.graph.nodes[0]!;
      assert.ok(stem.op === 'conv2d' && stem.weightQuantizer === undefined);
      const blocks = layers.filter((layer) => layer.name.startsWith('layers.'));
      for (const node of blocks.flatMap(({ choices }) => choices[0]!.graph.nodes)) {
        assert.ok(node.op !== 'conv2d' || node.weightQuantizer !== undefined, node.name);
      }
    }
  });

  it('says what is wrong', () => {
    rejected(
      () => getSpace('spos-shuflenet-v2'),
      /Expected a known search space/,
      "did you mean 'spos-shufflenet-v2'?",
    );
    rejected(() => getSpace('toString'), /Expected a known search space/);
    rejected(() => getSpace('fbnet', { sizes: 3 }), /known option for 'fbnet'/, "did you mean 'size'?");
    rejected(() => getSpace('fbnet', { blocks: 3 }), /known option for 'fbnet'/);
    rejected(() => getSpace('fbnet', { size: 22.4 }), /positive integer for size of 'fbnet'/);
    rejected(() => getSpace('spos-resnet18-mixed', { pairs: [[9, 2]] }), /weight bits from 1 to 8/);
    rejected(() => getSpace('spos-resnet18-mixed', { quantizer: 'pakt' }), /'pact' or 'lsq'/);
    rejected(() => getSpace('spos-shufflenet-v2-channels', { blocks: [0, 1] }), /Expected 20 blocks/);
    rejected(() => getSpace('spos-shufflenet-v2-channels', { blocks: 4 }), /a block from 0 to 3/);
  });
});

describe('spaceHash', () => {
  it('stays the same from release to release: checkpoints depend on it', () => {
    assert.equal(
      spaceHash(getSpace('spos-shufflenet-v2')),
      'b0e6ba21179248142e3380a32f8e9ff1f210e597467f522ed0d57f4ecf6121c3',
    );
    assert.equal(
      spaceHash(getSpace('spos-shufflenet-v2-28')),
      '6c607b07720daf4aea6698e1f32680216a022349ce4ed1cc1987050b6be99502',
    );
  });

  it('depends on the network, not on the name or the order of keys', () => {
    const space = getSpace('nas-bench-macro');
    const { layers, genes, ...rest } = space;
    assert.equal(spaceHash({ genes, layers, ...rest, name: 'renamed' }), spaceHash(space));
    const hashes = [
      space,
      getSpace('nas-bench-macro', { size: 64 }),
      getSpace('nas-bench-macro', { classes: 100 }),
      deriveSubnet(space, [0, 0, 0, 0, 0, 0, 0, 0]),
      deriveSubnet(space, [1, 0, 0, 0, 0, 0, 0, 0]),
    ].map(spaceHash);
    assert.equal(new Set(hashes).size, hashes.length);
  });
});
