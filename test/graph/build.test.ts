import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as nn from '../../src/graph/build.js';

const names = (module: nn.Module, path = 'layers.3.1') =>
  nn.buildGraph(path, module).nodes.map(({ name }) => name);

describe('names', () => {
  it('number a sequence like nn.Sequential', () => {
    assert.deepEqual(names(nn.sequential('main', nn.conv2d({ out: 4 }), nn.batchNorm(), nn.relu())), [
      'layers.3.1.main.0',
      'layers.3.1.main.1',
      'layers.3.1.main.2',
    ]);
  });

  it('of single ops are the ones given', () => {
    assert.deepEqual(
      names(nn.pipe(nn.named('conv1', nn.conv2d({ out: 4 })), nn.named('bn1', nn.batchNorm()))),
      ['layers.3.1.conv1', 'layers.3.1.bn1'],
    );
  });

  it('of unnamed ops are unique', () => {
    const block = nn.pipe(nn.relu(), nn.relu(), nn.residual(nn.relu()));
    assert.deepEqual(names(block), [
      'layers.3.1.activation',
      'layers.3.1.activation_1',
      'layers.3.1.activation_2',
      'layers.3.1.add',
    ]);
  });

  it('nest', () => {
    const inner = nn.sequential('b', nn.relu(), nn.indexed(nn.relu()));
    assert.deepEqual(names(nn.sequential('a', inner), 'p'), ['p.a.0.b.0', 'p.a.0.b.1.0']);
  });
});

describe('wiring', () => {
  it('gives branches the same input and joins them in order', () => {
    const { nodes } = nn.buildGraph(
      'b',
      nn.pipe(nn.relu(), nn.concat(nn.channels('even'), nn.pipe(nn.channels('odd'), nn.relu6()))),
    );
    assert.deepEqual(
      nodes.map(({ op, inputs }) => [op, inputs]),
      [
        ['activation', [0]],
        ['slice', [1]],
        ['slice', [1]],
        ['activation', [3]],
        ['concat', [2, 4]],
      ],
    );
  });

  it('adds the input where a residual has no shortcut', () => {
    const { nodes } = nn.buildGraph('b', nn.pipe(nn.relu(), nn.residual(nn.relu())));
    assert.deepEqual(nodes.at(-1), { name: 'b.add', op: 'add', inputs: [2, 1] });
  });

  it('makes nothing of an identity', () => {
    assert.deepEqual(nn.buildGraph('b', nn.identity).nodes, []);
  });
});
