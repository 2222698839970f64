import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { structureTables } from '../../src/cost/structure.js';
import { tableCost } from '../../src/cost/table.js';
import { getSpace } from '../../src/space/spaces/catalog.js';

describe('structure metrics', () => {
  const { depth, activationOutputs, sqrtUnits } = structureTables(getSpace('nas-bench-macro'));
  /** ReLU outputs by hand: stem, hidden channels x positions before and after the depthwise convolution, last layer. */
  const stem = 32 * 32 * 32;
  const last = 1280 * 4 * 4;

  it('count activation functions, not layers: a strided identity has none', () => {
    const none = [0, 0, 0, 0, 0, 0, 0, 0];
    assert.equal(tableCost(activationOutputs, none), stem + last);
    assert.equal(tableCost(depth, none), 2); // stem and last layer
    assert.equal(tableCost(depth, [1, 2, 0, 0, 0, 1, 0, 0]), 5);
  });

  it('follow from the table of the space', () => {
    const first = 32 * 3 * (32 * 32 + 16 * 16); // MB3 with stride 2: expanded at 32x32, then 16x16
    const second = 64 * 6 * 2 * 16 * 16;
    const architecture = [1, 2, 0, 0, 0, 0, 0, 0];
    assert.equal(tableCost(activationOutputs, architecture), stem + last + first + second);
    const sum = [stem, last, first, second].reduce((total, units) => total + Math.sqrt(units), 0);
    assert.ok(Math.abs(tableCost(sqrtUnits, architecture) - sum) < 1e-9);
  });

  it('follow width genes', () => {
    const tables = structureTables(getSpace('spos-shufflenet-v2-28-channels'));
    const narrow = new Array<number>(8).fill(0);
    const wide = new Array<number>(8).fill(7);
    assert.ok(tableCost(tables.activationOutputs, wide) > tableCost(tables.activationOutputs, narrow));
    assert.equal(tableCost(tables.depth, wide), tableCost(tables.depth, narrow));
  });
});
