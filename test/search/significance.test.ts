import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RandomStream } from '../../src/core/rng.js';
import { pairedAdvantage } from '../../src/search/significance.js';

describe('paired advantage', () => {
  it('is the mean and the standard error of the differences, image by image', () => {
    const { difference, error, significant } = pairedAdvantage(
      [1, 1, 0, 1],
      [
        [1, 0, 0, 1],
        [0, 0, 1, 1],
      ],
    );
    // Differences 0.5, 1, -0.5, 0: mean 0.25, variance 1.25 / 3 with n - 1.
    assert.equal(difference, 0.25);
    assert.ok(Math.abs(error - Math.sqrt(1.25 / 3 / 4)) < 1e-12);
    assert.equal(significant, false);
  });

  it('calls about 2.5 % of equal networks better', () => {
    const random = new RandomStream(1, 'test', 0);
    const network = (difficulty: Float64Array) => difficulty.map((p) => (random.uniform() < p ? 1 : 0));
    let called = 0;
    for (let trial = 0; trial < 400; trial++) {
      const difficulty = Float64Array.from({ length: 200 }, () => random.uniform());
      if (pairedAdvantage(network(difficulty), [network(difficulty), network(difficulty)]).significant)
        called++;
    }
    assert.ok(called > 1 && called < 24, `${called} of 400`);
  });

  it('needs the same images for all', () => {
    assert.throws(() => pairedAdvantage([1, 0], [[1]]), /the same for all networks/);
    assert.throws(() => pairedAdvantage([1, 0], []), /a paired comparison/);
  });
});
