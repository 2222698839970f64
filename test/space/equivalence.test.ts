import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RandomStream } from '../../src/core/rng.js';
import * as nn from '../../src/graph/build.js';
import { choiceLayer, defineSpace, fixed } from '../../src/space/define.js';
import { Equivalence } from '../../src/space/equivalence.js';
import { getSpace } from '../../src/space/spaces/catalog.js';
import type { SearchSpace } from '../../src/space/types.js';

/** Every architecture of a small space. */
function* all({ genes }: SearchSpace): Generator<number[]> {
  const size = genes.reduce((product, gene) => product * gene.size, 1);
  for (let i = 0; i < size; i++) {
    let rest = i;
    yield genes.map((gene) => {
      const value = rest % gene.size;
      rest = Math.floor(rest / gene.size);
      return value;
    });
  }
}

describe('equivalent architectures', () => {
  const macro = new Equivalence(getSpace('nas-bench-macro'));

  it('have one canonical form: 3,969 networks of NAS-Bench-Macro, as the authors count', () => {
    assert.deepEqual(macro.canonical([1, 0, 2, 0, 1, 0, 0, 2]), [1, 0, 2, 1, 0, 0, 2, 0]);
    const classes = new Map<string, string[]>();
    for (const architecture of all(macro.space)) {
      const key = macro.canonical(architecture).join();
      classes.set(key, [...(classes.get(key) ?? []), architecture.join()]);
    }
    assert.equal(classes.size, 3969);
    for (const [key, members] of classes) {
      const listed = macro.members(key.split(',').map(Number)).map((member) => member.join());
      assert.deepEqual(listed.sort(), members.sort());
    }
  });

  it('are listed up to a number', () => {
    assert.equal(macro.members([0, 0, 0, 1, 0, 0, 1, 0]).length, 4);
    assert.equal(macro.members([0, 0, 0, 1, 0, 0, 1, 0], 3).length, 3);
  });

  it('are drawn from all of them where there are more', () => {
    const network = [1, 0, 2, 1, 0, 0, 2, 0];
    const all = macro.members(network).map((member) => member.join());
    const drawn = (most: number, counter: number) =>
      macro.members(network, most, new RandomStream(1, 'test', counter)).map((member) => member.join());
    assert.deepEqual(drawn(all.length, 0), all);
    const seen = new Map(all.map((member) => [member, 0]));
    for (let i = 0; i < 300; i++) {
      const some = drawn(3, i);
      assert.equal(new Set(some).size, 3);
      for (const member of some) seen.set(member, seen.get(member)! + 1);
    }
    const wanted = 900 / all.length;
    for (const [member, times] of seen) assert.ok(Math.abs(times / wanted - 1) < 0.4, `${member}: ${times}`);
    assert.deepEqual(drawn(3, 7), drawn(3, 7));
  });

  it('do not exist where every block does something', () => {
    const equivalence = new Equivalence(getSpace('spos-shufflenet-v2-28'));
    assert.deepEqual(equivalence.canonical([3, 0, 1, 2, 0, 0, 1, 3]), [3, 0, 1, 2, 0, 0, 1, 3]);
    assert.equal(equivalence.members([3, 0, 1, 2, 0, 0, 1, 3]).length, 1);
  });

  it('keep a block with its width, and ignore the width of an identity', () => {
    const space = wide();
    const equivalence = new Equivalence(space);
    // Genes: two blocks (0 = identity), then two widths.
    assert.deepEqual(equivalence.canonical([0, 1, 1, 1]), equivalence.canonical([1, 0, 1, 0]));
    assert.deepEqual(equivalence.canonical([0, 0, 1, 1]), [0, 0, 0, 0]);
    assert.notDeepEqual(equivalence.canonical([1, 1, 0, 1]), equivalence.canonical([1, 1, 1, 0]));
    assert.equal(new Set([...all(space)].map((a) => equivalence.canonical(a).join())).size, 1 + 2 + 4);
  });

  it('have a value for every gene where a layer has one that no block reads', () => {
    const blocks = { a: nn.conv2d({ out: 4 }), skip: nn.identity };
    const space = defineSpace({
      name: 'idle',
      input: { channels: 4, size: 8 },
      classes: 2,
      layers: [
        choiceLayer({ widths: ['half', 'full'], choices: blocks }),
        choiceLayer({ choices: blocks }),
        fixed('head', nn.averagePool(), nn.linear({ out: 2 })),
      ],
    });
    const equivalence = new Equivalence(space);
    // Genes: two blocks (1 = skip), then the idle width.
    assert.deepEqual(equivalence.canonical([1, 0, 1]), [0, 1, 0]);
    assert.deepEqual(equivalence.canonical([1, 1, 1]), [1, 1, 0]);
    assert.deepEqual(equivalence.members([0, 1, 1]), [
      [0, 1, 0],
      [1, 0, 0],
    ]);
  });
});

/** Two layers of an identity or a bottleneck of one of two widths. */
function wide(): SearchSpace {
  const layer = choiceLayer({
    widths: ['half', 'full'],
    choices: ({ width }) => ({
      identity: nn.identity,
      bottleneck: nn.indexed(nn.conv2d({ out: width([2, 4]) }), nn.relu(), nn.conv2d({ out: 4 })),
    }),
  });
  return defineSpace({
    name: 'wide',
    input: { channels: 3, size: 8 },
    classes: 2,
    layers: [
      fixed('stem', nn.conv2d({ out: 4 })),
      layer,
      layer,
      fixed('head', nn.averagePool(), nn.linear({ out: 2 })),
    ],
  });
}
