import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { SinglePathError } from '../../src/core/errors.js';
import { checkArchitecture, formatArchitecture, parseArchitecture } from '../../src/space/architecture.js';
import { getSpace } from '../../src/space/spaces/catalog.js';

const macro = getSpace('nas-bench-macro');
const joint = getSpace('spos-shufflenet-v2-28-joint');

describe('parseArchitecture', () => {
  it('reads every way to write the same architecture', () => {
    const wanted = [2, 2, 2, 1, 2, 2, 2, 0];
    for (const source of [
      '2,2,2,1,2,2,2,0',
      ' 2 2 2 1 2 2 2 0\n',
      '2-2-2-1-2-2-2-0',
      '[2, 2, 2, 1, 2, 2, 2, 0]',
      '22212220', // NAS-Bench-Macro's key
      wanted,
      { arch: wanted },
      { arch: '22212220', madds: 85_164_544 },
      '{"arch": [2,2,2,1,2,2,2,0]}',
      { architecture: wanted },
      { blocks: wanted },
    ]) {
      assert.deepEqual(parseArchitecture(macro, source), wanted);
    }
  });

  it('puts kinds of genes together', () => {
    const blocks = [0, 1, 2, 3, 0, 1, 2, 3];
    const widths = [7, 6, 5, 4, 3, 2, 1, 0];
    const wanted = [...blocks, ...widths];
    assert.deepEqual(parseArchitecture(joint, { blocks, scale_ids: widths, mid_channels: [] }), wanted);
    assert.deepEqual(parseArchitecture(joint, { block: blocks, width: widths }), wanted);
    assert.deepEqual(parseArchitecture(joint, '0,1,2,3,0,1,2,3/7,6,5,4,3,2,1,0'), wanted);
    const bits = getSpace('spos-resnet18-mixed');
    assert.deepEqual(parseArchitecture(bits, { bits: [0, 1, 2, 3, 4, 5, 0, 1] }), [0, 1, 2, 3, 4, 5, 0, 1]);
  });

  it('takes a block of -1 for identity, as ProxylessNAS writes it', () => {
    const space = getSpace('proxyless-gpu');
    const genes = space.genes.map((_, i) => (i % 4 === 1 ? -1 : 0));
    for (const between of [',', '-']) assert.equal(parseArchitecture(space, genes.join(between))[1], 6);
    assert.throws(
      () => parseArchitecture(space, genes.with(0, -1)),
      /gene 0 \(layers\.0\.block\).* received -1/,
    );
  });

  it('reads back what formatArchitecture writes', () => {
    const architectures = fc.tuple(...joint.genes.map((gene) => fc.nat(gene.size - 1)));
    fc.assert(
      fc.property(architectures, (architecture) => {
        assert.deepEqual(parseArchitecture(joint, formatArchitecture(joint, architecture)), architecture);
      }),
    );
  });

  it('says what is wrong', () => {
    const rejects = (source: unknown, message: RegExp) =>
      assert.throws(
        () => parseArchitecture(macro, source),
        (error) =>
          error instanceof SinglePathError &&
          error.code === 'INVALID_ARGUMENT' &&
          message.test(error.message),
      );
    rejects('1,2', /Expected 8 genes for an architecture of 'nas-bench-macro' but received 2/);
    rejects('0,0,0,3,0,0,0,0', /from 0 to 2 for gene 3 \(layers\.3\.block\).* received 3/);
    rejects([0, 0, 0, 1.5, 0, 0, 0, 0], /integer from 0 to 2 .* received 1\.5/);
    rejects('0,0,x,0,0,0,0,0', /received 'x'/);
    rejects('[0,0', /received '\[0,0'/);
    rejects('', /received ''/);
    rejects(undefined, /genes such as 0,0,0,0,0,0,0,0/);
    rejects({ blocks: [0, 0] }, /Expected 8 block genes for 'blocks'/);
    rejects({ genes: [] }, /genes such as/);
    assert.throws(
      () => parseArchitecture(joint, { blocks: new Array(8).fill(0) }),
      /8 width genes .*'scale_ids'/,
    );
  });
});

describe('checkArchitecture', () => {
  it('lists the values a gene has', () => {
    assert.throws(
      () => checkArchitecture(macro, [0, 0, 0, 9, 0, 0, 0, 0]),
      (error) => error instanceof SinglePathError && error.hint === '0 = identity, 1 = mb3-k3, 2 = mb6-k5',
    );
  });

  it('rejects holes and NaN', () => {
    assert.throws(() => checkArchitecture(macro, [0, 0, 0, Number.NaN, 0, 0, 0, 0]), SinglePathError);
    assert.throws(() => checkArchitecture(macro, new Array(8)), SinglePathError);
  });
});
