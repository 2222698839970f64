import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isQuantized } from '../../src/export/quantized.js';
import * as nn from '../../src/graph/build.js';
import { defineSpace, fixed } from '../../src/space/define.js';
import { getSpace } from '../../src/space/spaces/catalog.js';
import { deriveSubnet } from '../../src/space/subnet.js';

/** A convolution of such weights behind features of such bits. */
function network(weights: number, features: number) {
  return defineSpace({
    name: 'network',
    input: { channels: 3, size: 4 },
    classes: 2,
    layers: [
      fixed(
        'body',
        nn.fakeQuantize('pact', features),
        nn.conv2d({ out: 2, weightQuantizer: { method: 'lsq', bits: weights } }),
      ),
      fixed('fc', nn.linear({ out: 2 })),
    ],
  });
}

test('a network is quantized where weights or features of any op have levels', () => {
  assert.equal(isQuantized(network(4, 4)), true);
  assert.equal(isQuantized(network(1, 32)), true);
  assert.equal(isQuantized(network(32, 8)), true);
  assert.equal(isQuantized(network(32, 32)), false);
  const float = getSpace('nas-bench-macro');
  assert.equal(isQuantized(deriveSubnet(float, [0, 1, 2, 0, 1, 2, 0, 1])), false);
});

test('features that go into a float convolution have levels too: such a network has no BitOps', () => {
  const features = defineSpace({
    name: 'features',
    input: { channels: 3, size: 4 },
    classes: 2,
    layers: [
      fixed('body', nn.fakeQuantize('lsq', 8), nn.conv2d({ out: 2 })),
      fixed('fc', nn.linear({ out: 2 })),
    ],
  });
  assert.equal(isQuantized(features), true);
});
