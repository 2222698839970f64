import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parametersOf } from '../../src/space/parameters.js';
import { getSpace } from '../../src/space/spaces/catalog.js';

/** state_dict keys of the same supernet written in plain PyTorch with nn.Sequential and nn.ModuleList. */
function pytorchShapes(classes: number): Map<string, number[]> {
  const shapes = new Map<string, number[]>();
  const conv = (name: string, out: number, perGroup: number, kernel: number) => {
    shapes.set(`${name}.weight`, [out, perGroup, kernel, kernel]);
  };
  const norm = (name: string, channels: number) => {
    shapes.set(`${name}.running_mean`, [channels]);
    shapes.set(`${name}.running_var`, [channels]);
  };
  conv('stem.0', 16, 3, 3);
  norm('stem.1', 16);
  const stages = [
    { width: 64, first: 0, repeat: 4 },
    { width: 160, first: 4, repeat: 4 },
    { width: 320, first: 8, repeat: 8 },
    { width: 640, first: 16, repeat: 4 },
  ];
  let previous = 16;
  for (const { width, first, repeat } of stages) {
    for (let layer = first; layer < first + repeat; layer++) {
      const reduces = layer === first;
      const input = reduces ? previous : width / 2;
      const [mid, out] = [width / 2, width - input];
      for (let choice = 0; choice < 4; choice++) {
        const main = `layers.${layer}.${choice}.main`;
        const kernel = choice === 3 ? 3 : 3 + 2 * choice;
        if (choice < 3) {
          conv(`${main}.0`, mid, input, 1);
          norm(`${main}.1`, mid);
          conv(`${main}.3`, mid, 1, kernel);
          norm(`${main}.4`, mid);
          conv(`${main}.5`, out, mid, 1);
          norm(`${main}.6`, out);
        } else {
          [
            [input, mid],
            [mid, mid],
            [mid, out],
          ].forEach(([from, to], i) => {
            conv(`${main}.${5 * i}`, from!, 1, 3);
            norm(`${main}.${5 * i + 1}`, from!);
            conv(`${main}.${5 * i + 2}`, to!, from!, 1);
            norm(`${main}.${5 * i + 3}`, to!);
          });
        }
        if (reduces) {
          const proj = `layers.${layer}.${choice}.proj`;
          conv(`${proj}.0`, input, 1, kernel);
          norm(`${proj}.1`, input);
          conv(`${proj}.2`, input, input, 1);
          norm(`${proj}.3`, input);
        }
      }
    }
    previous = width;
  }
  conv('last.0', 1024, 640, 1);
  norm('last.1', 1024);
  shapes.set('fc.weight', [classes, 1024]);
  return shapes;
}

describe('parameter names', () => {
  it('are those of the PyTorch supernet', () => {
    const ours = parametersOf(getSpace('spos-shufflenet-v2', { classes: 100 }));
    const theirs = [...pytorchShapes(100)].map(([name, shape]) => ({ name, shape }));
    const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
    assert.deepEqual(ours.map(({ name, shape }) => ({ name, shape })).sort(byName), theirs.sort(byName));
  });

  it('count 8,388,176 weights in the supernet, as the released code has', () => {
    const trained = parametersOf(getSpace('spos-shufflenet-v2')).filter(({ trainable }) => trainable);
    const sizes = trained.map(({ shape }) => shape.reduce((product, side) => product * side, 1));
    assert.equal(
      sizes.reduce((sum, size) => sum + size, 0),
      8_388_176,
    );
  });

  it('start as in the released code', () => {
    const stds = new Map(
      parametersOf(getSpace('spos-shufflenet-v2')).map(({ name, init }) => [
        name,
        init.kind === 'normal' ? init.std : init.kind === 'constant' && init.value,
      ]),
    );
    assert.equal(stds.get('stem.0.weight'), 0.01);
    assert.equal(stds.get('fc.weight'), 0.01);
    assert.equal(stds.get('layers.1.0.main.0.weight'), 1 / 32);
    assert.equal(stds.get('layers.1.0.main.3.weight'), 1); // depthwise
    assert.equal(stds.get('layers.1.0.main.4.running_var'), 1);
  });
});
