import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UniformSampler } from '../../src/sampling/uniform.js';
import { parseSpace } from '../../src/space/file/load.js';
import type { Gene, SearchSpace } from '../../src/space/types.js';
import { allowedWidths, widestFirst, withWidthWarmup } from '../../src/train/widthWarmup.js';

const width: Gene = {
  name: 'layers.0.width',
  kind: 'width',
  layer: 0,
  size: 4,
  labels: ['0.4', '0.8', '1.2', '1.6'],
};
const block: Gene = {
  name: 'layers.0.block',
  kind: 'block',
  layer: 0,
  size: 4,
  labels: ['a', 'b', 'c', 'd'],
};
/** Of a space that says nothing but its genes. */
const allowed = (gene: Gene, step: number) =>
  allowedWidths(warmup, widestFirst({ ...space, genes: [gene] }, gene), step);
const warmup = { holdSteps: 100, widenSteps: 300 };

test('the widest first, then one more width at a time, all at the end', () => {
  assert.deepEqual(allowed(width, 0), [3]);
  assert.deepEqual(allowed(width, 199), [3]);
  assert.deepEqual(allowed(width, 200), [3, 2]);
  assert.deepEqual(allowed(width, 300), [3, 2, 1]);
  assert.deepEqual(allowed(width, 400), [3, 2, 1, 0]);
});

test('widest means the largest factor, wherever it is listed', () => {
  const mixed = { ...width, labels: ['1.6', '0.4', '1.2', '0.8'] };
  assert.deepEqual(allowed(mixed, 300), [0, 2, 3]);
});

test('widest means the most channels, however the scales beside them are ordered', () => {
  const reversed = parseSpace(`
name: reversed
input: {channels: 3, size: 8}
classes: 2
layers:
  - widths: [0.5, 1, 1.5]
    choices:
      plain: [{conv2d: {out: {width: [32, 48, 16]}}}, {conv2d: {out: 8}}]
  - name: head
    steps: [averagePool, {linear: {out: $classes}}]
`);
  assert.deepEqual(widestFirst(reversed, reversed.genes[0]!), [1, 0, 2]);
});

const space: SearchSpace = {
  name: 'two-genes',
  input: { channels: 3, size: 32 },
  classes: 10,
  genes: [block, width],
  layers: [],
};

test('a uniform sampler stays uniform over what is allowed; other genes are untouched', () => {
  const base = new UniformSampler(space, 5);
  const sampler = withWidthWarmup(base, space, { holdSteps: 0, widenSteps: 3 * 40_000 }, 5);
  const counts = [0, 0, 0, 0];
  const draws = 20_000;
  for (let step = 80_000; step < 80_000 + draws; step++) {
    const [b, w] = sampler.at(step);
    assert.equal(b, base.at(step)[0]);
    counts[w!]!++;
  }
  assert.equal(counts[0], 0);
  // Chi-square with 2 degrees of freedom: 13.8 is the 0.1 % point.
  const wanted = draws / 3;
  const chi = counts.slice(1).reduce((sum, n) => sum + (n - wanted) ** 2 / wanted, 0);
  assert.ok(chi < 13.8, `chi-square ${chi} of ${counts}`);
});

test('after the warm-up the sampler is the one given', () => {
  const base = new UniformSampler(space, 1);
  const sampler = withWidthWarmup(base, space, warmup, 1);
  for (let step = 400; step < 500; step++) assert.deepEqual(sampler.at(step), base.at(step));
});
