import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { frontOf } from '../../src/report/front.js';
import { curves } from '../../src/report/svg/curves.js';
import { extent, formatTick, linearScale, ticks } from '../../src/report/svg/scale.js';
import { standalone } from '../../src/report/svg/style.js';
import { standardError } from '../../src/report/verdict.js';
import { paretoFront } from '../../src/search/pareto.js';

test('ticks are round numbers inside the domain, at most so many', () => {
  assert.deepEqual(ticks([0, 1], 6), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(ticks([113, 987], 4), [200, 400, 600, 800]);
  const wide = fc.tuple(
    fc.double({ min: -1e6, max: 1e6, noNaN: true }),
    fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
  );
  fc.assert(
    fc.property(wide, fc.integer({ min: 2, max: 12 }), ([low, span], count) => {
      const values = ticks([low, low + span], count);
      assert.ok(values.length <= count);
      for (const value of values) assert.ok(value >= low - 1e-6 * span && value <= low + span + 1e-6 * span);
    }),
  );
});

test('extent skips what is no number; of nothing it is [0, 1]', () => {
  assert.deepEqual(extent([3, Number.NaN, 1], 0), [1, 3]);
  assert.deepEqual(extent([]), [0, 1]);
  assert.ok(extent([5])[0] < 5);
  assert.equal(linearScale([1, 3], [10, 30])(2), 20);
  assert.deepEqual([12e9, 1.5e6, 350, 0.05].map(formatTick), ['12G', '1.5M', '350', '0.05']);
});

test('the front of the plot is the Pareto front', () => {
  const one = fc.record({ cost: fc.integer({ min: 0, max: 20 }), accuracy: fc.integer({ min: 0, max: 20 }) });
  fc.assert(
    fc.property(fc.array(one, { minLength: 1, maxLength: 60 }), (all) => {
      const drawn = frontOf(
        all.map(({ cost, accuracy }) => ({ accuracy, costs: { madds: cost } })),
        'madds',
      );
      const expected = paretoFront(all.map(({ cost, accuracy }) => [cost, -accuracy])).map(
        (i) => `${all[i]!.cost} ${all[i]!.accuracy}`,
      );
      assert.deepEqual(drawn.map(({ x, y }) => `${x} ${y}`).sort(), [...new Set(expected)].sort());
    }),
  );
});

test('a curve goes through its points, and what people name is escaped', () => {
  const svg = curves({
    title: '<script>',
    width: 400,
    height: 200,
    x: { title: 'step', format: formatTick },
    y: { title: 'a & b', format: formatTick },
    curves: [
      {
        name: 'one',
        points: [
          { x: 0, y: 0 },
          { x: 10, y: 1 },
        ],
      },
    ],
  });
  const [, x0, y0, x1, y1] = /d="M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)"/.exec(svg)!.map(Number);
  assert.ok(x0! < x1! && y0! > y1!, 'larger values are further right and further up');
  assert.match(svg, /<title>&lt;script&gt;<\/title>/);
  assert.match(svg, /a &amp; b/);
  assert.match(standalone(svg), /prefers-color-scheme:dark/);
});

test('the standard error is that of a binomial', () => {
  assert.ok(Math.abs(standardError(0.9, 10_000) - 0.003) < 1e-12);
  assert.ok(Number.isNaN(standardError(0.5, 0)));
});
