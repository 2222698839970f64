import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { exitCodeOf, SinglePathError } from '../../src/core/errors.js';
import * as nn from '../../src/graph/build.js';
import { checkSpace } from '../../src/space/check.js';
import { type ChoiceLayerOptions, choiceLayer, defineSpace, fixed } from '../../src/space/define.js';
import { parametersOf } from '../../src/space/parameters.js';

function define(options: ChoiceLayerOptions, output = 3) {
  return defineSpace({
    name: 'mine',
    input: { channels: 4, size: 8 },
    classes: 3,
    layers: [choiceLayer(options), fixed('pool', nn.averagePool()), fixed('fc', nn.linear({ out: output }))],
  });
}

function rejected(message: RegExp, work: () => unknown): void {
  assert.throws(
    work,
    (error) =>
      error instanceof SinglePathError && error.code === 'INVALID_SPACE' && message.test(error.message),
  );
}

test('a block that contains itself is refused, however it does', () => {
  const module: nn.Module = (scope, input) => module(scope, input);
  const named: nn.Module = (scope, input) => nn.named('again', named)(scope, input);
  const recursive = (): nn.Module => nn.pipe(nn.relu(), recursive());
  const message = /^Expected a block that ends for 'layers\.0.*' but it contains itself$/;
  rejected(message, () => define({ choices: { a: module } }));
  rejected(message, () => define({ choices: { a: named } }));
  rejected(message, () => define({ choices: () => ({ a: recursive() }) }));
  assert.equal(exitCodeOf(new SinglePathError('INVALID_SPACE', '')), 2);
});

describe('a space', () => {
  it('numbers genes by kind, then by layer', () => {
    const both: ChoiceLayerOptions = {
      widths: ['half', 'full'],
      bits: ['w2a2', 'w4a4', 'w8a8'],
      choices: ({ width, bits }) => ({
        a: nn.pipe(nn.conv2d({ out: width([2, 4]) }), nn.conv2d({ out: 4 })),
        b: nn.pipe(nn.fakeQuantize('pact', bits([2, 4, 8])), nn.conv2d({ out: 4 })),
      }),
    };
    const { genes, layers } = defineSpace({
      name: 'two',
      input: { channels: 4, size: 8 },
      classes: 4,
      layers: [choiceLayer(both), choiceLayer(both), fixed('pool', nn.averagePool())],
    });
    assert.deepEqual(
      genes.map(({ name, layer, size }) => [name, layer, size]),
      [
        ['layers.0.block', 0, 2],
        ['layers.1.block', 1, 2],
        ['layers.0.width', 0, 2],
        ['layers.1.width', 1, 2],
        ['layers.0.bits', 0, 3],
        ['layers.1.bits', 1, 3],
      ],
    );
    assert.equal(layers[1]!.gene, 1);
    assert.deepEqual(layers[1]!.choices[0]!.graph.nodes[0], {
      op: 'conv2d',
      name: 'layers.1.0.conv2d',
      inputs: [0],
      kernel: 1,
      stride: 1,
      padding: 0,
      groups: 1,
      bias: false,
      init: 'he',
      out: { gene: 3, values: [2, 4] },
    });
  });

  it('allocates weights at the largest width that any architecture uses', () => {
    const space = define({
      widths: ['a', 'b'],
      // Two branches whose widths always sum to 10: the next convolution never sees more.
      choices: ({ width }) => ({
        only: nn.pipe(
          nn.concat(nn.conv2d({ out: width([2, 8]) }), nn.conv2d({ out: width([8, 2]) })),
          nn.named('next', nn.conv2d({ out: 4 })),
        ),
      }),
    });
    const shapes = Object.fromEntries(parametersOf(space).map(({ name, shape }) => [name, shape]));
    assert.deepEqual(shapes['layers.0.0.conv2d.weight'], [8, 4, 1, 1]);
    assert.deepEqual(shapes['layers.0.0.conv2d_1.weight'], [8, 4, 1, 1]);
    assert.deepEqual(shapes['layers.0.0.next.weight'], [4, 10, 1, 1]);
  });

  it('is rejected where choices yield different shapes', () => {
    rejected(/Expected 4x8x8 from choice 'b' of layer 'layers\.0'.* received 5x8x8/, () =>
      define({ choices: { a: nn.identity, b: nn.conv2d({ out: 5 }) } }),
    );
  });

  it('is rejected where a width breaks a later op', () => {
    rejected(/channels divisible by 2 groups .* received 3/, () =>
      define({
        widths: ['a', 'b'],
        choices: ({ width }) => ({
          a: nn.pipe(nn.conv2d({ out: width([2, 3]) }), nn.channelShuffle(2), nn.conv2d({ out: 4 })),
        }),
      }),
    );
    rejected(/received 3x8x8/, () =>
      define({ widths: ['a', 'b'], choices: ({ width }) => ({ a: nn.conv2d({ out: width([2, 3]) }) }) }),
    );
  });

  it('is rejected where values and labels differ in number', () => {
    rejected(/2 values of gene 'layers\.0\.width'.* received 3/, () =>
      define({ widths: ['a', 'b'], choices: ({ width }) => ({ a: nn.conv2d({ out: width([4, 4, 4]) }) }) }),
    );
  });

  it('is rejected where a choice refers to a gene the layer does not have', () => {
    rejected(/a width or bits gene of layer 'layers\.0'/, () =>
      define({ choices: ({ width }) => ({ a: nn.conv2d({ out: width([4]) }) }) }),
    );
  });

  it('is rejected where a layer has the block gene of another: prefixes are shared by the genes of each layer', () => {
    const space = define({ choices: { a: nn.relu(), b: nn.relu6() } });
    space.genes[0]!.layer = 1;
    rejected(/a block gene of layer 'layers\.0' .* received 0/, () => checkSpace(space));
  });

  it('is rejected where it does not end in one logit per class', () => {
    rejected(/Expected 3 logits .* received 5x1x1/, () => define({ choices: { a: nn.identity } }, 5));
  });

  it('is rejected where a name is used twice', () => {
    const space = define({ choices: { a: nn.relu(), b: nn.relu() } });
    space.layers[0]!.choices[1]!.graph.nodes[0]!.name = 'layers.0.0.activation';
    rejected(/'layers\.0\.0\.activation' is used twice/, () => checkSpace(space));
  });
});
