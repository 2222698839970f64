import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { SinglePathError } from '../../src/core/errors.js';
import { costOf } from '../../src/cost/cost.js';
import * as nn from '../../src/graph/build.js';
import { choiceLayer, defineSpace, fixed } from '../../src/space/define.js';
import { loadSpace, parseSpace } from '../../src/space/file/load.js';
import { operationSchemas, spaceJsonSchema } from '../../src/space/file/schema.js';
import { spaceHash } from '../../src/space/hash.js';
import { parametersOf } from '../../src/space/parameters.js';
import { mbConv } from '../../src/space/spaces/blocks.js';
import { getSpace } from '../../src/space/spaces/catalog.js';
import { shuffleBlock } from '../../src/space/spaces/shufflenetV2.js';
import type { SearchSpace } from '../../src/space/types.js';

const EXAMPLE = 'examples/spaces/small-mixed.yaml';
const text = readFileSync(EXAMPLE, 'utf8');

describe('a space in YAML', () => {
  it('composes block, width and bits genes per layer', () => {
    const space = loadSpace(EXAMPLE);
    assert.deepEqual(
      space.genes.map(({ name, size }) => `${name} ${size}`),
      [
        'layers.0.block 3',
        'layers.1.block 3',
        'layers.2.block 2',
        'layers.3.block 3',
        'layers.4.block 3',
        'layers.5.block 2',
        'layers.0.width 3',
        'layers.1.width 3',
        'layers.5.width 3',
        'layers.5.bits 3',
      ],
    );
    const smallest = space.genes.map(() => 0);
    const widest = smallest.with(8, 2);
    // Layer 5 at 7 x 7: 1x1 from 96 to 24 or 96 and 3x3 back, 2-bit weights and features.
    assert.equal(costOf(space, smallest).bitops, (96 * 24 + 24 * 96 * 9) * 49 * 4);
    assert.equal(costOf(space, widest).bitops, (96 * 96 + 96 * 96 * 9) * 49 * 4);
    assert.equal(costOf(space, smallest.with(9, 1)).bitops, (96 * 24 + 24 * 96 * 9) * 49 * 16);
    const alpha = parametersOf(space).find(({ name }) => name === 'layers.5.0.0.main.0.alpha');
    assert.deepEqual(alpha?.shape, [3]); // one bound per pair of bits
  });

  it('has squeeze-and-excite and every activation', () => {
    const gate = {
      squeezeExcite: { channels: { width: 16 }, squeeze: 4, activation: 'silu', gate: 'sigmoid' },
    };
    const steps = [
      { conv2d: { out: { width: 16 } } },
      'batchNorm',
      'silu',
      gate,
      { conv2d: { out: '$out' } },
    ];
    const space = loadSpace({
      name: 'gated',
      input: { size: 8 },
      classes: 10,
      layers: [
        {
          widths: [0.5, 1],
          out: 16,
          choices: { gated: steps, mb: [{ mbConv: { kernel: 3, expansion: 6, squeezeExcite: true } }] },
        },
        { name: 'head', steps: ['averagePool', ...nn.ACTIVATIONS, { linear: { out: 10 } }] },
      ],
    });
    const shapes = new Map(parametersOf(space).map(({ name, shape }) => [name, shape]));
    assert.deepEqual(shapes.get('layers.0.0.3.fc1.weight'), [4, 16, 1, 1]);
    assert.deepEqual(shapes.get('layers.0.0.3.fc2.bias'), [16]);
    assert.deepEqual(shapes.get('layers.0.1.main.6.fc1.weight'), [8, 18, 1, 1]); // 18 / 4 rounds to 8
    const { madds: half } = costOf(space, [0, 0]);
    const { madds: full } = costOf(space, [0, 1]);
    assert.equal(full - half, 8 * (3 + 16) * 64 + 8 * 2 * 4);
  });

  it('can say what a built-in space says', () => {
    const stage = (out: number, repeat: number) => ({
      out,
      repeat,
      stride: 2,
      choices: Object.fromEntries(
        ([3, 5, 7, 'xception'] as const).map((kernel) => {
          const name = kernel === 'xception' ? kernel : `shuffle${kernel}x${kernel}`;
          return [name, [{ shuffleBlock: { kernel } }]];
        }),
      ),
    });
    const space = loadSpace({
      name: 'same',
      input: { channels: 1, size: 28 },
      classes: 10,
      layers: [
        { name: 'stem', steps: [{ conv2d: { out: 16, kernel: 3 } }, 'batchNorm', 'relu'] },
        stage(48, 2),
        stage(96, 4),
        stage(192, 2),
        {
          name: 'last',
          steps: [{ conv2d: { out: 256 } }, 'batchNorm', 'relu', 'averagePool', { dropout: 0.1 }],
        },
        { name: 'fc', steps: [{ linear: { out: '$classes', bias: false } }] },
      ],
    });
    const builtIn = getSpace('spos-shufflenet-v2-28');
    assert.deepEqual(space.genes, builtIn.genes);
    assert.deepEqual(
      parametersOf(space).map(({ name, shape }) => [name, shape]),
      parametersOf(builtIn).map(({ name, shape }) => [name, shape]),
    );
    for (const value of [0, 1, 2, 3]) {
      const architecture = space.genes.map(() => value);
      assert.deepEqual(costOf(space, architecture), costOf(builtIn, architecture));
    }
  });

  it('means the decimals that are written', () => {
    const size = (out: object | string) =>
      loadSpace({
        name: 'decimals',
        input: { size: 4 },
        classes: 2,
        layers: [
          { name: 'stem', steps: [{ conv2d: { out: 100 } }] },
          {
            widths: [0.29, 0.57, 1.1],
            choices: { a: [{ conv2d: { out } }, { conv2d: { out: { width: [1, 1, 1] } } }] },
          },
          { name: 'head', steps: ['averagePool', { linear: { out: 2 } }] },
        ],
      }).layers[1]!.choices[0]!.graph.nodes.flatMap((node) => (node.op === 'conv2d' ? node.out : []))[0];
    assert.deepEqual(size({ width: '$in' }), { gene: 0, values: [29, 57, 110] });
    assert.equal(size('$in * 0.29'), 29); // in floating point 28.999999999999996
    assert.equal(size('$in * 0.297'), 29);
    assert.equal(size('$in / 3'), 33);
  });

  it('takes another input', () => {
    const space = loadSpace(EXAMPLE, { size: 32, classes: 5, channels: 3 });
    assert.deepEqual([space.input, space.classes], [{ channels: 3, size: 32 }, 5]);
    assert.throws(() => loadSpace(EXAMPLE, { sise: 3 }), /known option/);
  });

  it('is the same from file, text and object', () => {
    const hash = spaceHash(loadSpace(EXAMPLE));
    assert.equal(spaceHash(parseSpace(text)), hash);
  });
});

describe('errors of a space file', () => {
  const cases: [what: string, from: string, to: string, message: RegExp, hint?: string][] = [
    [
      'an unknown op',
      'shuffleBlock: { kernel: 3',
      'shufleBlock: { kernel: 3',
      /^my\.yaml:16:20: Expected a known key for layers\.1\.choices\.shuffle3\.0 but received 'shufleBlock'$/,
      "did you mean 'shuffleBlock'?",
    ],
    [
      'an unknown step',
      'batchNorm, relu]',
      'batchNorm, rellu]',
      /^my\.yaml:8:60: Expected one of batchNorm, .* received 'rellu'$/,
      "did you mean 'relu'?",
    ],
    [
      'an unknown value deep inside',
      'method: pact',
      'method: pakt',
      /^my\.yaml:\d+:41: Expected one of pact, lsq for .*fakeQuantize\.method but received 'pakt'$/,
      "did you mean 'pact'?",
    ],
    [
      'none of several literals',
      'kernel: xception',
      'kernel: xceptoin',
      /^my\.yaml:18:44: Expected one of 3, 5, 7, xception for .*kernel but received 'xceptoin'$/,
      "did you mean 'xception'?",
    ],
    [
      'a number that is none of several literals',
      'shuffleBlock: { kernel: 3',
      'shuffleBlock: { kernel: 4',
      /^my\.yaml:16:44: Expected one of 3, 5, 7, xception for .*kernel but received 4$/,
    ],
    [
      'an unknown key of a layer',
      'repeat: 2\n    choices',
      'repeet: 2\n    choices',
      /^my\.yaml:26:5: Expected a known key for layers\.3 but received 'repeet'$/,
      "did you mean 'repeat'?",
    ],
    [
      'a bad expression',
      '$in }, weights',
      '$inn }, weights',
      /^my\.yaml:\d+:41: .*\$in, \$out.* received '\$inn'$/,
    ],
    ['a wrong type', 'repeat: 2', 'repeat: two', /^my\.yaml:11:13: Expected a number .* received 'two'$/],
    [
      'choices that do not fit together',
      'kernel: 5, expansion: 3',
      'kernel: 4, expansion: 3',
      /^my\.yaml:25:7: Expected 96x7x7 from choice 'k5-e3' of layer 'layers\.2'.* received 96x8x8$/,
    ],
    [
      'a width that breaks the block',
      'out: 48',
      'out: 49',
      /^my\.yaml:16:7: Expected a positive integer .*'layers\.1\.0\.main\.5'.* received 24\.5$/,
    ],
    [
      'bits out of range',
      '[[2, 2]',
      '[[9, 2]',
      /^my\.yaml:34:13: Expected bits from 1 to 8, or 32 for float for layers\.4\.bits\.0\.0 but received 9$/,
    ],
    [
      'a missing key',
      'classes: 10',
      '',
      /^my\.yaml:3:1: Expected a number for classes but received nothing$/,
    ],
    [
      'an output that is not one number per class',
      'out: $classes',
      'out: 9',
      /^my\.yaml:\d+:5: Expected 10 logits \(classes\) as output .* received 9x1x1$/,
    ],
    [
      'a name given twice',
      'name: last',
      'name: stem',
      /^my\.yaml:\d+:5: Node name 'stem\.0' is used twice in space 'small-mixed'$/,
    ],
    [
      'a name that no exported network can have',
      'name: last',
      'name: forward',
      /^my\.yaml:\d+:5: Expected another name than 'forward', a word of TorchScript, but received 'forward\.0'$/,
    ],
    [
      'a gene that is missing',
      'widths: [0.25, 0.5, 1]',
      'out: 96',
      /^my\.yaml:\d+:7: Expected the layer to have 'widths', which one of its operations refers to$/,
      'for example widths: [0.5, 1]',
    ],
    [
      'a gene that nothing follows',
      'repeat: 2\n    choices',
      'widths: [0.5, 1]\n    choices',
      /^my\.yaml:26:5: Expected an operation of 'layers\.3' that refers to 'widths' but none does$/,
      "for example {width: $out}; or leave 'widths' out",
    ],
    [
      'a gene of a layer without choices',
      'name: last',
      'name: last\n    bits: [[2, 2], [4, 4]]',
      /^my\.yaml:\d+:5: Expected .*widths and bits only beside choices/,
    ],
  ];
  for (const [what, from, to, message, hint] of cases) {
    it(`point at ${what}`, () => {
      assert.ok(text.includes(from));
      assert.throws(
        () => parseSpace(text.replace(from, to), 'my.yaml'),
        (error) => {
          assert.ok(error instanceof SinglePathError);
          assert.match(error.message, message);
          assert.equal(error.code, 'INVALID_SPACE');
          if (hint) assert.equal(error.hint, hint);
          return true;
        },
      );
    });
  }

  it('point at the file where nothing is written', () => {
    assert.throws(
      () => parseSpace('', 'my.yaml'),
      /^SinglePathError: my\.yaml:1:1: Expected a string for name/,
    );
  });

  it('come all at once', () => {
    assert.throws(() => loadSpace({ name: 'x', layers: [] }), /input .*\n.*classes .*\n.*layers/);
  });

  it('include YAML that does not parse and files that are not there', () => {
    assert.throws(() => parseSpace('layers: [', 'my.yaml'), /my\.yaml:\d+:\d+: Expected valid YAML/);
    assert.throws(() => loadSpace('nowhere.yaml'), /'nowhere\.yaml'/);
  });
});

describe('defaults', () => {
  /** A space of one layer `steps`, then pooling and the classifier; 4 channels of 8 x 8 in. */
  const yaml = (operation: object) =>
    loadSpace({
      name: 'one',
      input: { channels: 4, size: 8 },
      classes: 2,
      layers: [
        { out: 4, ...('fakeQuantize' in operation && { bits: [[2, 2]] }), choices: { one: [operation] } },
        { name: 'fc', steps: ['averagePool', { linear: { out: 2 } }] },
      ],
    });
  const contents = (space: SearchSpace) => ({
    parameters: parametersOf(space),
    // `init` may be absent in one and the default in the other: what counts are the parameters.
    graphs: space.layers.map(({ choices }) =>
      choices.map(({ graph }) => graph.nodes.map((node) => ({ ...node, init: undefined }))),
    ),
  });

  /** The least settings of each operation that has optional ones. */
  const least: Record<string, object> = {
    conv2d: { out: 4 },
    depthwise: {},
    batchNorm: {},
    maxPool: { kernel: 1, stride: 1 },
    slice: { start: 0, end: 4 },
    fakeQuantize: { method: 'pact' },
    mbConv: { kernel: 3, expansion: 2 },
    shuffleBlock: { kernel: 3 },
  };

  it('are what the schema and the table of docs/spaces.md say', () => {
    let compared = 0;
    for (const [name, schema] of Object.entries(operationSchemas())) {
      const { properties = {}, required = [] } = schema as {
        properties?: Record<string, { description?: string }>;
        required?: string[];
      };
      for (const [setting, { description = '' }] of Object.entries(properties)) {
        if (required.includes(setting)) continue;
        assert.match(description, /^Default /, `${name}.${setting} says no default`);
        const [, text] = /^Default (\$out \/ 2|[\w.]+)(?=$|:)/.exec(description) ?? [];
        if (text === undefined || !(name in least)) continue; // a sentence, such as 'the input'
        const value = /^(\d|true|false)/.test(text) ? JSON.parse(text) : text;
        if (value === 'float') continue;
        const [absent, given] = [least[name], { ...least[name], [setting]: value }];
        const what = `${name}.${setting}`;
        assert.deepEqual(contents(yaml({ [name]: given })), contents(yaml({ [name]: absent })), what);
        compared++;
      }
    }
    assert.ok(compared >= 14, `${compared} defaults compared`);
  });

  it('are the same in TypeScript and in YAML: the same block starts with the same weights', () => {
    const place = { input: 4, output: 4, stride: 1 };
    const same: [object, nn.Module][] = [
      [{ conv2d: { out: 4, kernel: 3 } }, nn.conv2d({ out: 4, kernel: 3 })],
      [{ depthwise: {} }, nn.depthwise({})],
      [{ batchNorm: {} }, nn.batchNorm()],
      [{ maxPool: { kernel: 1, stride: 1 } }, nn.maxPool(1, 1)],
      [{ slice: { start: 0 } }, nn.slice(0)],
      [{ mbConv: { kernel: 3, expansion: 2 } }, mbConv({ ...place, kernel: 3, expansion: 2 })],
      [{ shuffleBlock: { kernel: 3 } }, shuffleBlock(place, 2, 3)],
    ];
    for (const [operation, module] of same) {
      const typescript = defineSpace({
        name: 'one',
        input: { channels: 4, size: 8 },
        classes: 2,
        layers: [
          choiceLayer({ choices: { one: module } }),
          fixed('fc', nn.averagePool(), nn.linear({ out: 2 })),
        ],
      });
      assert.deepEqual(contents(yaml(operation)), contents(typescript), JSON.stringify(operation));
    }
    // He et al.: sqrt(2 / fan out), the same number in both.
    const start = parametersOf(yaml({ conv2d: { out: 4, kernel: 3 } }))[0]!.init;
    assert.deepEqual(start, { kind: 'normal', mean: 0, std: Math.sqrt(2 / (4 * 9)) });
  });
});

it('docs/space.schema.json is the schema of the format', () => {
  assert.deepEqual(JSON.parse(readFileSync('docs/space.schema.json', 'utf8')), spaceJsonSchema());
});
