import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { StrictFairnessSampler } from '../../src/sampling/strictFairness.js';
import { UniformSampler } from '../../src/sampling/uniform.js';
import { chain, chiSquareDeviation, shufflenet } from './fixtures.js';

describe('UniformSampler', () => {
  it('draws every architecture equally often', () => {
    const { space } = chain([
      [0, 0, 0],
      [0, 0],
      [0, 0, 0, 0],
    ]);
    const sampler = new UniformSampler(space, 7);
    const counts = new Array<number>(24).fill(0);
    for (let step = 0; step < 24_000; step++) {
      const [a, b, c] = sampler.at(step) as [number, number, number];
      counts[(a * 2 + b) * 4 + c]!++;
    }
    assert.ok(Math.abs(chiSquareDeviation(counts)) < 4);
  });

  it('resumes from the step number alone', () => {
    const straight = Array.from({ length: 50 }, (_, step) =>
      new UniformSampler(shufflenet.space, 3).at(step),
    );
    const resumed = new UniformSampler(shufflenet.space, 3);
    for (const step of [49, 0, 20]) assert.deepEqual(resumed.at(step), straight[step]);
    assert.notDeepEqual(new UniformSampler(shufflenet.space, 4).at(0), straight[0]);
  });
});

describe('StrictFairnessSampler', () => {
  it('uses every choice of every gene once a round', () => {
    const sampler = new StrictFairnessSampler(shufflenet.space, 1);
    assert.equal(sampler.round, 4);
    for (let round = 0; round < 50; round++) {
      const paths = [0, 1, 2, 3].map((i) => sampler.at(4 * round + i));
      shufflenet.space.genes.forEach((_, gene) => {
        assert.deepEqual(paths.map((path) => path[gene]!).sort(), [0, 1, 2, 3]);
      });
    }
  });

  it('uses the values of smaller genes equally often up to one, and fairly in the long run', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 }),
        fc.nat(),
        (sizes, seed) => {
          const sampler = new StrictFairnessSampler(
            chain(sizes.map((size) => new Array(size).fill(0))).space,
            seed,
          );
          const paths = Array.from({ length: sampler.round }, (_, i) => sampler.at(3 * sampler.round + i));
          sizes.forEach((size, gene) => {
            for (let value = 0; value < size; value++) {
              const used = paths.filter((path) => path[gene] === value).length;
              assert.ok(
                used === Math.floor(sampler.round / size) || used === Math.ceil(sampler.round / size),
              );
            }
          });
        },
      ),
    );
    const sampler = new StrictFairnessSampler(
      chain([
        [0, 0, 0],
        [0, 0, 0, 0],
      ]).space,
      5,
    );
    const counts = [0, 0, 0];
    for (let step = 0; step < 12_000; step++) counts[sampler.at(step)[0]!]!++;
    for (const count of counts) assert.ok(Math.abs(count - 4000) < 100, `${counts}`);
  });

  it('combines genes independently: all pairs of choices appear', () => {
    const sampler = new StrictFairnessSampler(shufflenet.space, 2);
    const pairs = new Set<string>();
    for (let step = 0; step < 400; step++) pairs.add(sampler.at(step).slice(0, 2).join());
    assert.equal(pairs.size, 16);
  });

  it('is a function of the step, in any order', () => {
    const forward = new StrictFairnessSampler(shufflenet.space, 9);
    const paths = Array.from({ length: 12 }, (_, step) => forward.at(step));
    const fresh = new StrictFairnessSampler(shufflenet.space, 9);
    for (const step of [11, 0, 5, 6]) assert.deepEqual(fresh.at(step), paths[step]);
  });
});
